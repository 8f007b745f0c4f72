import type { EventOf } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { exactTime, formatCount } from '../../state/index.js';
import { changeText } from '../live/index.js';

/** A change of live fields, and where it stands on a chart in CSS pixels from its left edge. */
export interface ChangePlace {
  readonly change: EventOf<'change'>;
  readonly left: number;
}

interface ChartChangesProps {
  trans: TranslationBundle;
  places: readonly ChangePlace[];
  width: number;
  /** Whether there is room for words. */
  hasLabels: boolean;
}

/** A label narrower than this says nothing. */
const MIN_LABEL_PX = 56;

/** Lines where the config was changed while the run went on. */
export const ChartChanges = ({ trans, places, width, hasLabels }: ChartChangesProps): JSX.Element => (
  <>
    {places.map(({ change, left }, at) => {
      const after = (places[at + 1]?.left ?? width) - left - 8;
      // A label at the right edge turns to the left when the last one leaves it more room there.
      const before = at === places.length - 1 && at === 0 ? left - 60 : 0;
      const room = Math.max(after, before);
      const text = changeText(trans, change);
      const said = trans.__('From step %1: %2', formatCount(change.step), text);
      return (
        <div
          key={change.seq}
          className="jp-BottegaChart-change"
          style={{ left }}
          role="img"
          // Once is enough for the keyboard.
          tabIndex={hasLabels ? 0 : undefined}
          aria-label={said}
          title={`${said}\n${exactTime(change.time)}`}
        >
          {hasLabels && room >= MIN_LABEL_PX && (
            <span className={before > after ? 'jp-mod-left' : undefined} style={{ maxWidth: room }}>
              {text}
            </span>
          )}
        </div>
      );
    })}
  </>
);
