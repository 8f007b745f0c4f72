import type { Cluster } from '@bottega/schema';
import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { IBottega } from '../agent/index.js';
import { Button, ClusterBadge, clusterStateWord, useSignal } from '../state/index.js';
import type { ChosenCluster } from './chosen-cluster.js';
import type { ConfigCheck } from './config-check.js';
import { changesTitle } from './live-bar.js';
import type { LiveEdit } from './live-edit.js';
import { runObstacle, startObstacle } from './obstacle.js';
import type { Sending } from './sending.js';

export interface RunBarOptions {
  bottega: IBottega;
  check: ConfigCheck;
  edit: LiveEdit;
  chosen: ChosenCluster;
  commands: CommandRegistry;
  sending: Sending;
  trans: TranslationBundle;
}

/** The toolbar of a config: Run with its cluster, or Start cluster; and what it waits for. */
export class RunBar extends ReactWidget {
  constructor(readonly options: RunBarOptions) {
    super();
    this.addClass('jp-BottegaRunBar');
  }

  protected override render(): JSX.Element {
    return this.options.check.kind === 'run' ? <RunPart {...this.options} /> : <StartPart {...this.options} />;
  }
}

const keys = (trans: TranslationBundle): string =>
  /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘ ⏎' : trans.__('Ctrl ⏎');

const RunPart = ({ bottega, check, edit, chosen, commands, sending, trans }: RunBarOptions): JSX.Element => {
  const { agent, ledger } = bottega;
  useSignal(agent.changed);
  useSignal(ledger.changed, change => change.run === undefined);
  useSignal(check.changed);
  useSignal(chosen.changed);
  useSignal(sending.changed);
  const cluster = chosen.name === null ? undefined : ledger.cluster(chosen.name);
  const { inText: problems } = check.result;
  const obstacle = runObstacle(trans, { agent: agent.state, cluster, problems, isSending: sending.isOn });
  return (
    <>
      <Button
        isPrimary
        icon={runIcon}
        title={trans.__('Save and run on %1', chosen.name ?? '')}
        disabledReason={obstacle}
        onClick={() => void commands.execute('bottega:run-config')}
      >
        {trans.__('Run')}
      </Button>
      <kbd className="jp-BottegaRunBar-keys">{keys(trans)}</kbd>
      <ApplyButton edit={edit} trans={trans} />
      {ledger.clusters.length > 0 && (
        <ClusterPicker
          clusters={ledger.clusters}
          value={chosen.name ?? ''}
          trans={trans}
          onChange={name => chosen.choose(name)}
        />
      )}
      {agent.state.kind === 'ready' && ledger.state.kind !== 'loading' && (
        <StartInstead cluster={cluster} commands={commands} trans={trans} />
      )}
      <span className="jp-BottegaRunBar-waits" role="status" title={obstacle}>
        {obstacle}
      </span>
    </>
  );
};

/** Beside Run while the edit can be taken by the run that goes on; the bar below the text says what it is. */
const ApplyButton = ({ edit, trans }: Pick<RunBarOptions, 'edit' | 'trans'>): JSX.Element | null => {
  useSignal(edit.changed);
  const { applying, difference, run } = edit;
  if (!run || !difference.live.length) return null;
  return (
    <Button
      title={`${trans.__('Change %1 while it goes on', run.name)}\n${changesTitle(trans, difference.live)}`}
      disabledReason={applying.kind === 'sent' ? trans.__('Waits for the next step of the run') : undefined}
      onClick={() => void edit.apply()}
    >
      {difference.other.length
        ? trans._n('Apply %1 field to the run', 'Apply %1 fields to the run', difference.live.length)
        : trans.__('Apply to the running run')}
    </Button>
  );
};

/** With no cluster to run on, the next thing to do is here and not in another panel. */
const StartInstead = ({
  cluster,
  commands,
  trans
}: {
  cluster: Cluster | undefined;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element | null => {
  if (cluster && cluster.state !== 'stopped' && cluster.state !== 'failed') return null;
  const start = (): void =>
    void (cluster
      ? commands.execute('bottega:start-known-cluster', { name: cluster.name })
      : commands.execute('bottega:start-local-cluster'));
  return <Button onClick={start}>{trans.__('Start cluster')}</Button>;
};

interface PickerProps {
  clusters: readonly Cluster[];
  value: string;
  trans: TranslationBundle;
  onChange: (name: string) => void;
}

const ClusterPicker = ({ clusters, value, trans, onChange }: PickerProps): JSX.Element => (
  <select
    className="jp-BottegaSelect"
    value={value}
    aria-label={trans.__('Cluster to run on')}
    title={trans.__('Cluster to run on')}
    onChange={event => onChange(event.target.value)}
  >
    {clusters.map(cluster => (
      <option key={cluster.name} value={cluster.name}>
        {cluster.state === 'ready' ? cluster.name : `${cluster.name} · ${clusterStateWord(trans, cluster.state)}`}
      </option>
    ))}
  </select>
);

const StartPart = ({ bottega, check, commands, sending, trans }: RunBarOptions): JSX.Element => {
  const { agent, ledger } = bottega;
  useSignal(agent.changed);
  useSignal(ledger.changed, change => change.run === undefined);
  useSignal(check.changed);
  useSignal(sending.changed);
  const { inText: problems, spec } = check.result;
  const cluster = spec ? ledger.cluster(spec.name) : undefined;
  const obstacle = startObstacle(trans, { agent: agent.state, cluster, problems, isSending: sending.isOn });
  return (
    <>
      <Button
        isPrimary
        icon={runIcon}
        title={trans.__('Save and start the cluster')}
        disabledReason={obstacle}
        onClick={() => void commands.execute('bottega:start-cluster-file')}
      >
        {trans.__('Start cluster')}
      </Button>
      <kbd className="jp-BottegaRunBar-keys">{keys(trans)}</kbd>
      {cluster && <ClusterBadge trans={trans} state={cluster.state} />}
      <span className="jp-BottegaRunBar-waits" role="status" title={obstacle}>
        {cluster?.reason || (problems.length || agent.state.kind !== 'ready' ? obstacle : '')}
      </span>
    </>
  );
};
