import type { Cluster, NodeResources, Run } from '@bottega/schema';
import { hasEnded } from '@bottega/client';

/** What all nodes of a cluster offer and use together. */
export interface ClusterTotals {
  cpus: number;
  cpusBusy: number;
  gpus: number;
  gpusBusy: number;
  memoryBytes: number;
  memoryUsedBytes: number;
}

export const totalsOf = (nodes: readonly NodeResources[]): ClusterTotals => {
  const sum = (of: (node: NodeResources) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  return {
    cpus: sum(node => node.cpus),
    cpusBusy: sum(node => node.cpus - node.cpus_free),
    gpus: sum(node => node.gpus),
    gpusBusy: sum(node => node.gpus - node.gpus_free),
    memoryBytes: sum(node => node.memory_bytes),
    memoryUsedBytes: sum(node => node.memory_used_bytes)
  };
};

export type ClusterAction = 'start' | 'stop' | 'forget' | 'dashboard';

/** What can be done with a cluster in its state, in the order of the buttons. */
export const actionsOf = (cluster: Pick<Cluster, 'state'>): ClusterAction[] => {
  switch (cluster.state) {
    case 'ready':
      return ['dashboard', 'stop'];
    case 'starting':
    case 'lost':
      return ['stop'];
    case 'stopped':
    case 'failed':
      return ['start', 'forget'];
    case 'stopping':
      return [];
  }
};

export const liveRunsOn = (cluster: string, runs: readonly Run[]): Run[] =>
  runs.filter(run => run.cluster === cluster && !hasEnded(run.state));
