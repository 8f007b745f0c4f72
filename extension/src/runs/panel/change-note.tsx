import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect } from 'react';
import { Button, formatCount, formatShortDuration, useNow } from '../../state/index.js';
import { changeText, valueText } from '../live/index.js';
import type { LiveChange } from './use-change.js';

/** A change that waits longer is worth a word. */
const LATE_MS = 30_000;
const SHOWN_MS = 20_000;

/** What became of a change: on its way to the next step, or from which step on it holds. */
export const ChangeNote = ({ trans, change }: { trans: TranslationBundle; change: LiveChange }): JSX.Element | null => {
  const { pending, applied, dismiss } = change;
  const now = useNow(pending !== null);
  useEffect(() => {
    if (!applied) return undefined;
    const timer = setTimeout(dismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [applied?.seq]);
  if (applied) {
    return (
      <p className="jp-BottegaChange-note" role="status">
        {trans.__('Holds from step %1 on: %2', formatCount(applied.step), changeText(trans, applied))}
        <Button onClick={dismiss}>{trans.__('Dismiss')}</Button>
      </p>
    );
  }
  if (!pending) return null;
  const waited = Math.max(0, now - pending.since);
  const what = Object.entries(pending.values)
    .map(([key, value]) => `${key} → ${valueText(trans, value)}`)
    .join(', ');
  return (
    <p className="jp-BottegaChange-note jp-mod-pending" role="status">
      {trans.__('%1 waits for the next step, since %2.', what, formatShortDuration(waited))}
      {waited > LATE_MS && ` ${trans.__('The run has not begun a step since; the log may say why.')}`}
    </p>
  );
};
