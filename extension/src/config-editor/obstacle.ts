import type { Cluster, Problem } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AgentState } from '../agent/index.js';
import { clusterStateWord } from '../state/words.js';

export interface Situation {
  agent: AgentState;
  cluster: Cluster | undefined;
  problems: readonly Problem[];
  isSending: boolean;
}

/** What Run waits for, as a sentence; undefined when it waits for nothing. */
export const runObstacle = (trans: TranslationBundle, situation: Situation): string | undefined => {
  const { agent, cluster, problems, isSending } = situation;
  if (isSending) return trans.__('The run is on its way.');
  if (problems.length) return trans._n('The config has %1 problem.', 'The config has %1 problems.', problems.length);
  const absence = agentObstacle(trans, agent);
  if (absence !== undefined) return absence;
  if (!cluster) return trans.__('No cluster is up.');
  if (cluster.state === 'ready') return undefined;
  const state = clusterStateWord(trans, cluster.state);
  const reason = cluster.reason || (cluster.state === 'stopped' ? trans.__('Start it first.') : '');
  return [trans.__('Cluster %1 is %2.', cluster.name, state), reason].filter(Boolean).join(' ');
};

/** What starting a cluster waits for. */
export const startObstacle = (trans: TranslationBundle, situation: Situation): string | undefined => {
  const { agent, cluster, problems, isSending } = situation;
  if (isSending) return trans.__('The cluster is being started.');
  if (problems.length) return trans._n('The spec has %1 problem.', 'The spec has %1 problems.', problems.length);
  const absence = agentObstacle(trans, agent);
  if (absence !== undefined) return absence;
  if (cluster && ['ready', 'starting', 'stopping'].includes(cluster.state)) {
    return trans.__('Cluster %1 is %2.', cluster.name, clusterStateWord(trans, cluster.state));
  }
  return undefined;
};

const agentObstacle = (trans: TranslationBundle, agent: AgentState): string | undefined => {
  if (agent.kind === 'ready') return undefined;
  return agent.kind === 'connecting' ? trans.__('Looking for the agent…') : agent.error.message;
};
