import type { TranslationBundle } from '@jupyterlab/translation';
import { memo, type CSSProperties, type ReactNode } from 'react';
import { exactTime, formatCount, styledText, type TextStyle } from '../../state/index.js';
import type { LineKind, LogLine } from '../live/index.js';
import { cutAtMarks, type Stretch } from './log-marks.js';

interface LogRowProps {
  trans: TranslationBundle;
  /** Null while its page is being read. */
  line: LogLine | null;
  hasRanks: boolean;
  /** The number of the line in the output. */
  number?: number | undefined;
  /** What is looked for, in a line that has it. */
  mark?: RegExp | null;
  /** Whether a search or a jump stands here. */
  isCurrent?: boolean;
}

/** One line: time, rank, text. What a run writes becomes text nodes and never markup. */
export const LogRow = memo(
  ({ trans, line, hasRanks, number, mark = null, isCurrent = false }: LogRowProps): JSX.Element => {
    const current = isCurrent ? ' jp-mod-current' : '';
    if (!line) return <div className={`jp-BottegaLog-row jp-mod-missing${current}`}>…</div>;
    const place = number === undefined ? undefined : trans.__('line %1', formatCount(number));
    const title = [place, kindWord(trans, line.kind)].filter(Boolean).join(' · ');
    return (
      <div className={`jp-BottegaLog-row jp-mod-${line.kind}${current}`} title={title}>
        <time title={exactTime(line.time)}>{clockTime(line.time)}</time>
        <span className="jp-BottegaLog-source">{sourceOf(line, hasRanks)}</span>
        <span className="jp-BottegaLog-text">{cutAtMarks(styledText(line.text), mark).map(textOf)}</span>
      </div>
    );
  }
);
LogRow.displayName = 'LogRow';

const textOf = ({ text, style, isMarked }: Stretch, at: number): ReactNode => {
  if (isMarked) {
    return (
      <mark key={at} style={cssOf(style)}>
        {text}
      </mark>
    );
  }
  if (isPlain(style)) return text;
  return (
    <span key={at} style={cssOf(style)}>
      {text}
    </span>
  );
};

const sourceOf = ({ rank, kind }: LogLine, hasRanks: boolean): string => {
  if (kind === 'warning' || kind === 'error') return '!';
  if (rank === null) return '·';
  return hasRanks ? String(rank) : '';
};

const kindWord = (trans: TranslationBundle, kind: LineKind): string | undefined => {
  if (kind === 'stderr') return trans.__('standard error');
  return kind === 'stdout' ? undefined : trans.__('from Bottega');
};

/** `12:04:08.013`, in local time. */
export const clockTime = (time: number): string => {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
};

const isPlain = (style: TextStyle): boolean => Object.keys(style).length === 0;

const cssOf = (style: TextStyle): CSSProperties => ({
  ...(style.color === undefined ? {} : { color: colorOf(style.color) }),
  ...(style.background === undefined ? {} : { backgroundColor: colorOf(style.background) }),
  ...(style.isBold ? { fontWeight: 600 } : {}),
  ...(style.isDim ? { opacity: 0.7 } : {}),
  ...(style.isItalic ? { fontStyle: 'italic' } : {}),
  ...(style.isUnderlined ? { textDecoration: 'underline' } : {})
});

const colorOf = (color: number | string): string =>
  typeof color === 'number' ? `var(--bottega-ansi-${color})` : color;
