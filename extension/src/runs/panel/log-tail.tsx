import type { TranslationBundle } from '@jupyterlab/translation';
import type { LiveRun } from '../live/index.js';
import { LogRow } from './log-row.js';

/** The last lines of a log, where there is no room for all of it. */
export const LogTail = ({
  trans,
  run,
  lines
}: {
  trans: TranslationBundle;
  run: LiveRun;
  lines: number;
}): JSX.Element => {
  const { rows } = run.log;
  const count = Math.min(lines, rows.count);
  return (
    <div className="jp-BottegaLog jp-mod-tail" role="log" aria-live="off" aria-label={trans.__('End of the log')}>
      {Array.from({ length: count }, (_, at) => {
        const row = rows.count - count + at;
        return <LogRow key={row} trans={trans} line={run.log.lineAt(rows.at(row))} hasRanks={run.ranks > 1} />;
      })}
    </div>
  );
};
