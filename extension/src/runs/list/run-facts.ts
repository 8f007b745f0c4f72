import type { Run } from '@bottega/schema';
import { hasEnded } from '@bottega/client';

export type RunAction = 'stop' | 'rerun' | 'branch' | 'delete' | 'config' | 'origin' | 'keep' | 'let-go';

/** What can be done with a run. A script has no checkpoints, nor has a run before its first step, and what a person keeps is not deleted by a slip. */
export const runActionsOf = (run: Run): RunAction[] => {
  const isOver = hasEnded(run.state);
  return [
    ...(isOver ? [] : (['stop'] as const)),
    'rerun',
    ...(run.kind === 'finetune' && run.step > 0 ? (['branch'] as const) : []),
    ...(run.config_path === null ? [] : (['config'] as const)),
    ...(run.branch_of ? (['origin'] as const) : []),
    run.is_kept ? 'let-go' : 'keep',
    ...(isOver && !run.is_kept ? (['delete'] as const) : [])
  ];
};
