import type { TranslationBundle } from '@jupyterlab/translation';
import { useNow } from './clock.js';
import { formatDuration, formatShortDuration } from './formats.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `now`, `2 min ago`, `3 h ago`, `yesterday`, `4 d ago`, then the date. */
export const relativeTime = (trans: TranslationBundle, time: number, now: number): string => {
  const ago = now - time;
  if (ago < 10_000) return trans.__('now');
  if (ago < MINUTE_MS) return trans.__('%1 s ago', Math.floor(ago / 1000));
  if (ago < HOUR_MS) return trans.__('%1 min ago', Math.floor(ago / MINUTE_MS));
  if (ago < DAY_MS) return trans.__('%1 h ago', Math.floor(ago / HOUR_MS));
  if (ago < 2 * DAY_MS) return trans.__('yesterday');
  if (ago < 14 * DAY_MS) return trans.__('%1 d ago', Math.floor(ago / DAY_MS));
  return new Date(time).toLocaleDateString();
};

/** A moment, short; exact on hover. */
export const RelativeTime = ({ trans, time }: { trans: TranslationBundle; time: number }): JSX.Element => {
  const now = useNow();
  return (
    <time dateTime={new Date(time).toISOString()} title={exactTime(time)}>
      {relativeTime(trans, time, now)}
    </time>
  );
};

interface DurationProps {
  from: number;
  to: number | null;
  /** The largest unit alone. */
  isShort?: boolean;
}

/** How long something took, or takes since `from` while `to` is null. */
export const Duration = ({ from, to, isShort = false }: DurationProps): JSX.Element => {
  const now = useNow(to === null);
  const durationMs = to === null ? Math.max(0, now - from) : to - from;
  // Fractions of a second would only flicker while it lasts.
  const text =
    isShort || (to === null && durationMs < 60_000) ? formatShortDuration(durationMs) : formatDuration(durationMs);
  return <span title={`${exactTime(from)} – ${to === null ? '' : exactTime(to)}`}>{text}</span>;
};

export const exactTime = (time: number): string =>
  new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
