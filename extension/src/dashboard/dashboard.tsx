import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Cluster } from '@bottega/schema';
import type { IBottega } from '../agent/index.js';
import { Button, clusterStateWord, ErrorNote, useSignal } from '../state/index.js';

/** The Ray Dashboard of one cluster, or why there is none now. */
export class Dashboard extends ReactWidget {
  constructor(
    readonly cluster: string,
    readonly bottega: IBottega,
    readonly commands: CommandRegistry,
    readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-BottegaDashboard');
  }

  protected override render(): JSX.Element {
    return <DashboardView name={this.cluster} bottega={this.bottega} commands={this.commands} trans={this.trans} />;
  }
}

interface ViewProps {
  name: string;
  bottega: IBottega;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

const DashboardView = ({ name, bottega, commands, trans }: ViewProps): JSX.Element => {
  const { ledger } = bottega;
  useSignal(ledger.changed, change => change.run === undefined);
  const cluster = ledger.cluster(name);
  if (cluster?.state === 'ready') {
    return (
      <iframe
        // A new head is a new dashboard. Its requests need the login of this origin, so that the sandbox only keeps it
        // from moving the page; what it may not do, the agent refuses.
        key={cluster.incarnation ?? ''}
        title={trans.__('Ray Dashboard of %1', name)}
        src={bottega.client.dashboardUrl(name)}
        sandbox="allow-same-origin allow-scripts allow-forms allow-downloads allow-popups"
        referrerPolicy="no-referrer"
      />
    );
  }
  return (
    <div className="jp-BottegaDashboard-waiting">
      <Waiting name={name} cluster={cluster} isLoading={ledger.state.kind === 'loading'} trans={trans} />
      {cluster && (cluster.state === 'stopped' || cluster.state === 'failed') && (
        <Button isPrimary onClick={() => void commands.execute('bottega:start-known-cluster', { name })}>
          {trans.__('Start cluster')}
        </Button>
      )}
    </div>
  );
};

interface WaitingProps {
  name: string;
  cluster: Cluster | undefined;
  isLoading: boolean;
  trans: TranslationBundle;
}

const Waiting = ({ name, cluster, isLoading, trans }: WaitingProps): JSX.Element => {
  if (isLoading) return <p>{trans.__('Waiting for the agent…')}</p>;
  if (!cluster) return <p>{trans.__('There is no cluster %1 any more.', name)}</p>;
  if (cluster.error) return <ErrorNote trans={trans} error={cluster.error} />;
  const state = clusterStateWord(trans, cluster.state);
  return (
    <p>
      {trans.__('The dashboard shows when cluster %1 is ready; it is %2.', name, state)}{' '}
      {cluster.state === 'stopped' ? '' : cluster.reason}
    </p>
  );
};
