import type { Run } from '@bottega/schema';
import { hasEnded } from '@bottega/client';

/** Runs whose name, state, kind, cluster or id has every word of a filter. */
export const filterRuns = (runs: readonly Run[], filter: string): readonly Run[] => {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return runs;
  return runs.filter(run => {
    const text = [run.name, run.state, run.kind, run.cluster, run.id].join(' ').toLowerCase();
    return words.every(word => text.includes(word));
  });
};

export type RunAction = 'stop' | 'rerun' | 'delete' | 'config';

/** What can be done with a run. */
export const runActionsOf = (run: Run): RunAction[] => {
  const about: RunAction[] = run.config_path === null ? ['rerun'] : ['rerun', 'config'];
  return hasEnded(run.state) ? [...about, 'delete'] : ['stop', ...about];
};
