import type { TranslationBundle } from '@jupyterlab/translation';
import { exactTime, formatShortDuration, useNow, useSignal } from '../state/index.js';
import type { Ledger } from './ledger.js';

/** Says when what is shown is not current, and how old it is; nothing while it is. */
export const StaleNote = ({ trans, ledger }: { trans: TranslationBundle; ledger: Ledger }): JSX.Element | null => {
  useSignal(ledger.stateChanged);
  const { kind, since } = ledger.state;
  const now = useNow(kind === 'reconnecting');
  if (kind !== 'reconnecting') return null;
  return (
    <p className="jp-BottegaBanner jp-mod-stale" role="status" title={exactTime(since)}>
      {trans.__('Reconnecting to the agent; this is how it was %1 ago.', formatShortDuration(Math.max(0, now - since)))}
    </p>
  );
};
