import type { PreviousStart, Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useState, type ReactNode } from 'react';
import { formatDuration } from '../../state/index.js';
import { slowestOf, startOf, type Phase, type Start, type StartSegment } from '../live/index.js';
import { LevelBadge } from './level-badge.js';
import { phaseMeaning, phaseWord } from './phase-words.js';
import { StartTable } from './start-table.js';
import { useSize } from './use-size.js';
import { useTicks } from './use-ticks.js';

interface StartLineProps {
  trans: TranslationBundle;
  run: Run;
  phases: readonly Phase[];
  /** The start of the run before, to compare with. */
  previous?: PreviousStart | null;
  /** Why its processes found as much ready as they did. */
  levelReason?: string | undefined;
  /** At the right of the sentence. */
  aside?: ReactNode;
}

/** Where the wait for the first step went, as segments in proportion to their time. */
export const StartLine = ({
  trans,
  run,
  phases,
  previous = null,
  levelReason,
  aside
}: StartLineProps): JSX.Element | null => {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const [isOpen, setOpen] = useState(false);
  const start = startOf(phases, run);
  const { current } = start;
  const now = useTicks(current !== null);
  const last = previous?.run ? startOf(previous.phases, previous.run) : null;
  const before = last?.isComplete ? last : null;
  const currentMs = current === null ? 0 : waitingMs(start, now);
  if (!start.segments.length && current === null) return null;
  const totalMs = start.totalMs + currentMs;
  const scaleMs = Math.max(totalMs, before?.totalMs ?? 0, 1);
  const widthOf = (ms: number): number => (ms / scaleMs) * width;
  const slowest = start.isComplete ? slowestOf(start) : null;
  return (
    <section className="jp-BottegaStart" aria-label={trans.__('Start')}>
      <header>
        <b>{title(trans, start, totalMs, run)}</b>
        {run.start && <LevelBadge trans={trans} level={run.start} reason={levelReason} />}
        {before && start.isComplete && endOf(start) === endOf(before) && (
          <Comparison trans={trans} ms={start.totalMs - before.totalMs} />
        )}
        {current !== null && <span className="jp-BottegaStart-now">{nowText(trans, current, run)}…</span>}
        {slowest && (
          <button
            type="button"
            className="jp-BottegaLink"
            aria-expanded={isOpen}
            title={trans.__('Show each phase beside the last time')}
            onClick={() => setOpen(!isOpen)}
          >
            {trans.__('slowest: %1', phaseWord(trans, slowest))} {isOpen ? '▴' : '▾'}
          </button>
        )}
        {aside}
      </header>
      <div className="jp-BottegaStart-bar" ref={ref}>
        {start.segments.map((segment, at) => (
          <Segment
            key={at}
            trans={trans}
            segment={segment}
            widthPx={widthOf(segment.ms)}
            isSlowest={segment.name === slowest}
          />
        ))}
        {current !== null && (
          <Segment trans={trans} segment={{ name: current, ms: currentMs }} widthPx={widthOf(currentMs)} isCurrent />
        )}
      </div>
      {before && (
        <div
          className="jp-BottegaStart-before"
          role="img"
          aria-label={trans.__('Last time: %1', formatDuration(before.totalMs))}
        >
          {before.segments.map((segment, at) => (
            <span
              key={at}
              className={`jp-BottegaStart-segment jp-mod-${segment.name}`}
              style={{ width: widthOf(segment.ms) }}
              title={trans.__('Last time: %1 %2', phaseWord(trans, segment.name), formatDuration(segment.ms))}
            />
          ))}
        </div>
      )}
      {isOpen && (
        <div className="jp-BottegaStart-details">
          <StartTable trans={trans} start={start} before={before} />
        </div>
      )}
    </section>
  );
};

const title = (trans: TranslationBundle, start: Start, totalMs: number, run: Run): string => {
  const time = formatDuration(totalMs);
  if (!start.isComplete) {
    if (start.current === 'first_line') return trans.__('No line yet after %1', time);
    return start.current === null ? trans.__('Ended in its start after %1', time) : trans.__('Starting for %1', time);
  }
  if (run.kind === 'finetune') return trans.__('First step after %1', time);
  if (endOf(start) === 'first_step') return trans.__('First number after %1', time);
  return endOf(start) === 'first_line' ? trans.__('First line after %1', time) : trans.__('Started after %1', time);
};

const endOf = (start: Start): StartSegment['name'] | undefined => start.segments.at(-1)?.name;

/** What it waits for in its own words, or what the phase is that it is in. */
const nowText = (trans: TranslationBundle, current: StartSegment['name'], { reason }: Run): string =>
  current === 'other' && reason ? reason : phaseMeaning(trans, current);

/** Differences below this are noise. */
const NOISE_MS = 5;

const Comparison = ({ trans, ms }: { trans: TranslationBundle; ms: number }): JSX.Element => {
  if (Math.abs(ms) < NOISE_MS) return <span>{trans.__('as fast as last time')}</span>;
  const time = formatDuration(Math.abs(ms));
  return ms < 0 ? (
    <span className="jp-mod-better">{trans.__('%1 less than last time', time)}</span>
  ) : (
    <span>{trans.__('%1 more than last time', time)}</span>
  );
};

interface SegmentProps {
  trans: TranslationBundle;
  segment: StartSegment;
  widthPx: number;
  isCurrent?: boolean;
  isSlowest?: boolean;
}

const CHARACTER_PX = 6.6;

const Segment = ({ trans, segment, widthPx, isCurrent = false, isSlowest = false }: SegmentProps): JSX.Element => {
  const { name, ms } = segment;
  const word = phaseWord(trans, name);
  const time = formatDuration(ms);
  const marks = [isCurrent ? ' jp-mod-current' : '', isSlowest ? ' jp-mod-slowest' : ''].join('');
  const labels = [`${word} ${time}`, time, time.split(' ')[0] ?? ''];
  const label = labels.find(text => text.length * CHARACTER_PX + 10 <= widthPx) ?? '';
  return (
    <span
      className={`jp-BottegaStart-segment jp-mod-${name}${marks}`}
      style={{ width: widthPx }}
      title={`${word} ${time} · ${phaseMeaning(trans, name)}`}
    >
      <span aria-hidden>{label}</span>
      <span className="jp-Bottega-visuallyHidden">
        {word} {time}
      </span>
    </span>
  );
};

/** How long the phase in progress lasts, by the clock of the cluster; zero when that clock is far from ours. */
const waitingMs = ({ end }: Start, now: number): number => {
  const ms = end === null ? 0 : now - end;
  return ms > 0 && ms < 86_400_000 ? ms : 0;
};
