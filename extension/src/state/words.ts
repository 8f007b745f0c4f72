import type { ClusterState, RunState } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';

export const runStateWord = (trans: TranslationBundle, state: RunState): string => {
  const words: Record<RunState, string> = {
    pending: trans.__('pending'),
    starting: trans.__('starting'),
    running: trans.__('running'),
    done: trans.__('done'),
    failed: trans.__('failed'),
    stopped: trans.__('stopped'),
    lost: trans.__('lost')
  };
  return words[state];
};

export const clusterStateWord = (trans: TranslationBundle, state: ClusterState): string => {
  const words: Record<ClusterState, string> = {
    stopped: trans.__('stopped'),
    starting: trans.__('starting'),
    ready: trans.__('ready'),
    stopping: trans.__('stopping'),
    failed: trans.__('failed'),
    lost: trans.__('lost')
  };
  return words[state];
};
