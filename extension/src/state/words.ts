import type { ClusterState, QueuePlace, Run, RunState, StartLevel } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount } from './formats.js';

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

/** `2 of 5 in the queue`. */
export const queueText = (trans: TranslationBundle, { position, length }: QueuePlace): string =>
  trans.__('%1 of %2 in the queue', formatCount(position), formatCount(length));

/** `step 412 / 2 000`; of a run before its first step the word for its state. One that was told to end earlier has no length. */
export const stepText = (trans: TranslationBundle, run: Pick<Run, 'state' | 'step' | 'max_steps'>): string => {
  if (run.step === 0) return runStateWord(trans, run.state);
  return run.max_steps === null || run.max_steps < run.step
    ? trans.__('step %1', formatCount(run.step))
    : trans.__('step %1 / %2', formatCount(run.step), formatCount(run.max_steps));
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

export const startLevelWord = (trans: TranslationBundle, level: StartLevel): string => {
  const words: Record<StartLevel, string> = {
    cold: trans.__('cold'),
    forked: trans.__('forked'),
    resident: trans.__('resident')
  };
  return words[level];
};

/** How much the processes of a run found ready. */
export const startLevelMeaning = (trans: TranslationBundle, level: StartLevel): string => {
  const words: Record<StartLevel, string> = {
    cold: trans.__('Started cold: in a new interpreter.'),
    forked: trans.__('Started forked: the libraries were imported already.'),
    resident: trans.__('Started resident: the libraries and the base model were in memory.')
  };
  return words[level];
};
