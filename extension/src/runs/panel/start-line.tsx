import type { StartLevel } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useReducer, useState, type ReactNode } from 'react';
import { formatDuration } from '../../state/index.js';
import { phaseInProgress, slowestOf, startOf, type Phase, type Start, type StartSegment } from '../live/index.js';
import { LevelBadge } from './level-badge.js';
import { phaseMeaning, phaseWord } from './phase-words.js';
import { StartTable } from './start-table.js';
import { useSize } from './use-size.js';

interface StartLineProps {
  trans: TranslationBundle;
  phases: readonly Phase[];
  /** Whether the run is still on its way to its first step. */
  isStarting: boolean;
  /** The start of the run before, to compare with. */
  previous?: readonly Phase[] | undefined;
  /** How much its processes found ready. */
  level?: StartLevel | null;
  /** Why. */
  levelReason?: string | undefined;
  /** Shown where the first step is something else. */
  isScript?: boolean;
  /** At the right of the sentence. */
  aside?: ReactNode;
}

/** Where the wait for the first step went, as segments in proportion to their time. */
export const StartLine = ({
  trans,
  phases,
  isStarting,
  previous,
  level = null,
  levelReason,
  isScript = false,
  aside
}: StartLineProps): JSX.Element | null => {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const [isOpen, setOpen] = useState(false);
  const start = startOf(phases);
  const now = useFrames(isStarting && !start.isComplete);
  const last = previous?.length ? startOf(previous) : null;
  const before = last?.isComplete ? last : null;
  const current = isStarting && !start.isComplete ? phaseInProgress(phases) : null;
  const currentMs = current === null ? 0 : waitingMs(phases, now);
  if (!start.segments.length && current === null) return null;
  const totalMs = start.totalMs + currentMs;
  const scaleMs = Math.max(totalMs, before?.totalMs ?? 0, 1);
  const widthOf = (ms: number): number => (ms / scaleMs) * width;
  const slowest = start.isComplete ? slowestOf(start) : null;
  return (
    <section className="jp-BottegaStart" aria-label={trans.__('Start')}>
      <header>
        <b>{title(trans, start, totalMs, isStarting, isScript)}</b>
        {level && <LevelBadge trans={trans} level={level} reason={levelReason} />}
        {start.isComplete && before && <Comparison trans={trans} ms={start.totalMs - before.totalMs} />}
        {current !== null && <span>{phaseMeaning(trans, current)}…</span>}
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
      {isOpen && <StartTable trans={trans} start={start} before={before} />}
    </section>
  );
};

const title = (
  trans: TranslationBundle,
  start: Start,
  totalMs: number,
  isStarting: boolean,
  isScript: boolean
): string => {
  const time = formatDuration(totalMs);
  if (start.isComplete) return isScript ? trans.__('First line after %1', time) : trans.__('First step after %1', time);
  return isStarting ? trans.__('Starting for %1', time) : trans.__('Ended in its start after %1', time);
};

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
const waitingMs = (phases: readonly Phase[], now: number): number => {
  const last = phases.at(-1);
  const ms = last ? now - last.started - last.duration_ms : 0;
  return ms > 0 && ms < 3_600_000 ? ms : 0;
};

/** The time, anew every frame while it runs. */
const useFrames = (isRunning: boolean): number => {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!isRunning) return undefined;
    let frame = requestAnimationFrame(function next() {
      render();
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [isRunning]);
  return Date.now();
};
