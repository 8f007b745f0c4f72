import type { TranslationBundle } from '@jupyterlab/translation';
import { memo, type CSSProperties } from 'react';
import { exactTime } from '../../state/index.js';
import { styledText, type LineKind, type LogLine, type TextStyle } from '../live/index.js';

interface LogRowProps {
  trans: TranslationBundle;
  /** Null while its page is being read. */
  line: LogLine | null;
  hasRanks: boolean;
}

/** One line: time, rank, text. What a run writes becomes text nodes and never markup. */
export const LogRow = memo(({ trans, line, hasRanks }: LogRowProps): JSX.Element => {
  if (!line) return <div className="jp-BottegaLog-row">…</div>;
  return (
    <div className={`jp-BottegaLog-row jp-mod-${line.kind}`} title={kindWord(trans, line.kind)}>
      <time title={exactTime(line.time)}>{clockTime(line.time)}</time>
      <span className="jp-BottegaLog-source">{sourceOf(line, hasRanks)}</span>
      <span className="jp-BottegaLog-text">
        {styledText(line.text).map(({ text, style }, at) =>
          isPlain(style) ? (
            text
          ) : (
            <span key={at} style={cssOf(style)}>
              {text}
            </span>
          )
        )}
      </span>
    </div>
  );
});
LogRow.displayName = 'LogRow';

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
