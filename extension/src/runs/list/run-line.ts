import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Ledger } from '../../agent/index.js';
import { formatCount, formatDuration, queueText, runStateWord, stepText } from '../../state/index.js';

/** Where a run stands, in one line. */
export const runLine = (trans: TranslationBundle, run: Run, ledger: Pick<Ledger, 'withNames'>): string => {
  switch (run.state) {
    case 'pending':
      return waitText(trans, { ...run, reason: ledger.withNames(run.reason) });
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
const waitText = (trans: TranslationBundle, { queue, reason, state }: Run): string =>
  [queue && queueText(trans, queue), reason].filter(Boolean).join(' · ') || runStateWord(trans, state);
