import type { ClusterState } from '@bottega/schema';

/**
 * Where a cluster may go from where it is. `ready → starting` is an engine that died and is started again;
 * `lost → starting` a head that came back without its engine; `failed → stopping` clears what a failed start left.
 */
const nextStates: Record<ClusterState, ClusterState[]> = {
  stopped: ['starting'],
  starting: ['ready', 'failed', 'lost', 'stopping'],
  ready: ['starting', 'failed', 'lost', 'stopping'],
  lost: ['ready', 'starting', 'failed', 'stopping'],
  failed: ['starting', 'stopping'],
  stopping: ['stopped', 'failed']
};

export const canBecome = (from: ClusterState, to: ClusterState): boolean => nextStates[from].includes(to);
