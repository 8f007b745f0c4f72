import type { Run, StartLevel } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import { startLevelMeaning } from '../../state/index.js';

const pinIcon = new LabIcon({
  name: 'bottega:kept',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="12" height="12" viewBox="0 0 12 12"><path class="jp-icon3" fill="#616161" d="M4 1h4v1l-.6.5V5L9 6.6V7.5H6.5V11h-1V7.5H3V6.6L4.6 5V2.5L4 2z"/></svg>'
});

const bars: Record<StartLevel, number> = { cold: 1, forked: 2, resident: 3 };

/** Small signs beside the name of a run: that it is kept, and how much its start found ready. */
export const RunMarks = ({ trans, run }: { trans: TranslationBundle; run: Run }): JSX.Element => (
  <>
    {run.is_kept && (
      <span className="jp-BottegaRun-mark" title={trans.__('Kept: no clean-up takes it')}>
        <pinIcon.react tag="span" className="jp-BottegaRun-pin" />
        <span className="jp-Bottega-visuallyHidden">{trans.__('kept')}</span>
      </span>
    )}
    {run.start !== null && (
      <span className="jp-BottegaRun-mark" title={startLevelMeaning(trans, run.start)}>
        <svg width="10" height="10" viewBox="0 0 10 10" className="jp-BottegaRun-level" aria-hidden>
          {[1, 2, 3].map(bar => (
            <rect
              key={bar}
              x={3.6 * bar - 3.6}
              y={10 - 3.3 * bar}
              width="2.6"
              height={3.3 * bar}
              className={bar <= bars[run.start!] ? 'jp-mod-filled' : undefined}
            />
          ))}
        </svg>
        <span className="jp-Bottega-visuallyHidden">{startLevelMeaning(trans, run.start)}</span>
      </span>
    )}
  </>
);
