import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IBottega } from '../../agent/index.js';
import { clusterStateWord, Duration, queueText, runStateWord, useSignal } from '../../state/index.js';

/** Why a run waits or how it ended, large, when that is the news; nothing when it goes well. */
export const RunOutcome = ({
  trans,
  bottega,
  run,
  since
}: {
  trans: TranslationBundle;
  bottega: IBottega;
  run: Run;
  /** When it came to its state and reason; null while that is not known. */
  since: number | null;
}): JSX.Element | null => {
  useSignal(bottega.ledger.changed, change => change.run === undefined);
  switch (run.state) {
    case 'pending':
      return (
        <p className="jp-BottegaRunPanel-waiting" role="status">
          {run.queue && <b>{queueText(trans, run.queue)}</b>}
          <span className="jp-BottegaRunPanel-reason">
            {bottega.ledger.withNames(run.reason) || waitsFor(trans, bottega, run)}
          </span>
          <span>
            {trans.__('since')} <Duration from={run.queue ? (since ?? run.created) : run.created} to={null} />
          </span>
        </p>
      );
    case 'failed':
    case 'lost': {
      const [sentence, hint] = inTwo(run.reason || runStateWord(trans, run.state));
      return (
        <div className={`jp-BottegaRunPanel-outcome jp-mod-${run.state}`} role="alert">
          <p>{sentence}</p>
          {hint && <p>{hint}</p>}
        </div>
      );
    }
    case 'stopped':
      return run.reason ? <p className="jp-BottegaRunPanel-waiting">{run.reason}</p> : null;
    default:
      return null;
  }
};

const waitsFor = (trans: TranslationBundle, bottega: IBottega, run: Run): string => {
  const cluster = bottega.ledger.cluster(run.cluster);
  if (!cluster) return trans.__('Waits for cluster %1, which is not known here.', run.cluster);
  if (cluster.state === 'ready') return trans.__('Waits for its seats on %1.', run.cluster);
  const state = clusterStateWord(trans, cluster.state);
  return [trans.__('Waits for cluster %1, which is %2.', run.cluster, state), cluster.reason].filter(Boolean).join(' ');
};

/** What happened is the first sentence; what to do follows it. */
const inTwo = (reason: string): [string, string] => {
  const [, first = reason, rest = ''] = /^(.+?[.!?])\s+(?=\S)([\s\S]*)$/.exec(reason) ?? [];
  return [first, rest];
};
