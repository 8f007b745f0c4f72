import type { Cluster } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, launchIcon, runIcon, stopIcon, type LabIcon } from '@jupyterlab/ui-components';
import {
  ClusterBadge,
  clusterStateWord,
  ErrorNote,
  exactTime,
  formatShortDuration,
  IconButton,
  useNow
} from '../state/index.js';
import { actionsOf, totalsOf, type ClusterAction } from './cluster-facts.js';
import { ClusterResources } from './cluster-resources.js';
import { StartPhases } from './start-phases.js';

interface ItemProps {
  trans: TranslationBundle;
  cluster: Cluster;
  onAction: (action: ClusterAction, cluster: Cluster) => void;
}

const icons: Record<ClusterAction, LabIcon> = {
  start: runIcon,
  stop: stopIcon,
  forget: closeIcon,
  dashboard: launchIcon
};

/** One cluster: its state with the reason, what it offers, and what can be done with it. */
export const ClusterItem = ({ trans, cluster, onAction }: ItemProps): JSX.Element => (
  <li className="jp-BottegaCluster" data-cluster={cluster.name}>
    <div className="jp-BottegaRow">
      <ClusterBadge trans={trans} state={cluster.state} iconOnly />
      <span className="jp-BottegaRow-name" title={cluster.name}>
        {cluster.name}
      </span>
      <span className="jp-BottegaRow-actions">
        {actionsOf(cluster).map(action => (
          <IconButton
            key={action}
            icon={icons[action]}
            label={labelOf(trans, action, cluster)}
            onClick={() => onAction(action, cluster)}
          />
        ))}
      </span>
    </div>
    <div className="jp-BottegaCluster-body">
      <ClusterLine trans={trans} cluster={cluster} />
      {cluster.state === 'starting' && <StartPhases trans={trans} phases={cluster.phases} />}
      {cluster.state === 'failed' && cluster.error && <ErrorNote trans={trans} error={cluster.error} />}
      {cluster.state === 'ready' && <ClusterResources trans={trans} nodes={cluster.nodes} />}
    </div>
  </li>
);

const ClusterLine = ({ trans, cluster }: Omit<ItemProps, 'onAction'>): JSX.Element => {
  const now = useNow();
  const hasNote = cluster.state === 'failed' && cluster.error !== undefined;
  const word = clusterStateWord(trans, cluster.state);
  const parts = [word];
  if (cluster.state === 'ready') {
    parts.push(busyText(trans, cluster), trans.__('up %1', formatShortDuration(now - cluster.since)));
  } else if (cluster.reason && !hasNote) {
    // "Stopped by you." says the state already.
    if (cluster.reason.toLowerCase().startsWith(word)) parts.pop();
    parts.push(cluster.reason);
  }
  const since = trans.__('Since %1', exactTime(cluster.since));
  const seen = trans.__('seen %1', exactTime(cluster.observed));
  return (
    <p className="jp-BottegaCluster-line" title={`${since}, ${seen}`}>
      {parts.filter(Boolean).map(keptTogether).join(' · ')}
    </p>
  );
};

/** Short parts do not break within. */
const keptTogether = (part: string): string => (part.length < 24 ? part.replaceAll(' ', '\u00a0') : part);

const busyText = (trans: TranslationBundle, cluster: Cluster): string => {
  const totals = totalsOf(cluster.nodes);
  if (totals.gpus > 0) return trans.__('%1 of %2 GPUs busy', totals.gpusBusy, totals.gpus);
  return totals.cpus > 0 ? trans.__('%1 of %2 CPUs busy', totals.cpusBusy, totals.cpus) : '';
};

const labelOf = (trans: TranslationBundle, action: ClusterAction, cluster: Cluster): string => {
  const { name, spec } = cluster;
  switch (action) {
    case 'start':
      return trans.__('Start %1', name);
    case 'stop':
      return spec.provider === 'existing'
        ? trans.__('Stop using %1; its Ray cluster stays up', name)
        : trans.__('Stop %1', name);
    case 'forget':
      return trans.__('Take %1 off the list', name);
    case 'dashboard':
      return trans.__('Open the Ray Dashboard of %1', name);
  }
};
