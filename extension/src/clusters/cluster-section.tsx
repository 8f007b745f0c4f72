import type { Cluster } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { addIcon } from '@jupyterlab/ui-components';
import type { IBottega } from '../agent/index.js';
import { Button, IconButton, useSignal } from '../state/index.js';
import type { ClusterAction } from './cluster-facts.js';
import { ClusterItem } from './cluster-item.js';

interface SectionProps {
  bottega: IBottega;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

const commandOf: Record<ClusterAction, string> = {
  start: 'bottega:start-known-cluster',
  stop: 'bottega:stop-cluster',
  forget: 'bottega:forget-cluster',
  dashboard: 'bottega:open-dashboard'
};

/** The clusters of the sidebar. */
export const ClusterSection = ({ bottega, commands, trans }: SectionProps): JSX.Element => {
  const { agent, ledger } = bottega;
  useSignal(ledger.changed, change => change.run === undefined);
  useSignal(agent.changed);
  useSignal(ledger.stateChanged);
  const act = (action: ClusterAction, cluster: Cluster): void => {
    void commands.execute(commandOf[action], { name: cluster.name });
  };
  return (
    <section className="jp-BottegaSection jp-BottegaClusters" aria-label={trans.__('Clusters')}>
      <header className="jp-BottegaSection-header">
        <h2>{trans.__('Clusters')}</h2>
        <IconButton
          icon={addIcon}
          label={trans.__('Start a cluster…')}
          onClick={() => void commands.execute('bottega:start-cluster')}
        />
      </header>
      {ledger.state.kind === 'loading' ? (
        agent.state.kind !== 'failed' && <Skeleton />
      ) : ledger.clusters.length ? (
        <ul className="jp-BottegaList">
          {ledger.clusters.map(cluster => (
            <ClusterItem key={cluster.name} trans={trans} cluster={cluster} onAction={act} />
          ))}
        </ul>
      ) : (
        <div className="jp-BottegaEmpty">
          <p>{trans.__('A cluster stays up between runs, so that a run starts at once.')}</p>
          <Button isPrimary onClick={() => void commands.execute('bottega:start-local-cluster')}>
            {trans.__('Start a cluster on this machine')}
          </Button>
          <Button onClick={() => void commands.execute('bottega:start-cluster', { provider: 'existing' })}>
            {trans.__('Use another Ray cluster…')}
          </Button>
        </div>
      )}
    </section>
  );
};

const Skeleton = (): JSX.Element => (
  <div className="jp-BottegaSkeleton" aria-hidden>
    <span style={{ width: '42%' }} />
    <span style={{ width: '76%' }} />
  </div>
);
