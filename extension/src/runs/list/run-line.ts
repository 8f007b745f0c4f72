import type { QueuePlace, Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount, formatDuration, runStateWord } from '../../state/index.js';

/** Where a run stands, in one line. */
export const runLine = (trans: TranslationBundle, run: Run): string => {
  switch (run.state) {
    case 'pending':
      return run.queue ? queueText(trans, run, run.queue) : run.reason || runStateWord(trans, run.state);
    case 'starting':
      return run.reason || runStateWord(trans, run.state);
    case 'running':
      return stepText(trans, run);
    case 'done':
      return run.started !== null && run.ended !== null
        ? trans.__('done in %1', formatDuration(run.ended - run.started))
        : trans.__('done');
    case 'stopped':
      return run.step > 0 ? trans.__('stopped at step %1', formatCount(run.step)) : run.reason || trans.__('stopped');
    case 'failed':
      return run.reason || trans.__('failed');
    case 'lost':
      return run.reason || trans.__('lost');
  }
};

/** `2 of 5 in the queue · Waits for 2 CPUs.` */
const queueText = (trans: TranslationBundle, run: Run, { position, length }: QueuePlace): string =>
  [position === 1 ? trans.__('next in the queue') : trans.__('%1 of %2 in the queue', position, length), run.reason]
    .filter(Boolean)
    .join(' · ');

const stepText = (trans: TranslationBundle, run: Run): string => {
  if (run.step === 0) return runStateWord(trans, run.state);
  return run.max_steps === null
    ? trans.__('step %1', formatCount(run.step))
    : trans.__('step %1 / %2', formatCount(run.step), formatCount(run.max_steps));
};
