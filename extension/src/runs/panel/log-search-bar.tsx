import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownEmptyThinIcon, caretUpEmptyThinIcon, closeIcon } from '@jupyterlab/ui-components';
import { useEffect, useRef, type KeyboardEvent } from 'react';
import { formatCount, IconButton, useReturnFocus } from '../../state/index.js';
import type { LogSearch } from '../live/index.js';
import type { LogOptions } from './log-options.js';

interface LogSearchBarProps {
  trans: TranslationBundle;
  options: LogOptions;
  /** What was found so far; null while nothing is looked for. */
  hits: LogSearch | null;
  /** The number of the line where the search stands. */
  current: number | null;
  onChange: (change: Partial<LogOptions>) => void;
  onMove: (direction: 1 | -1) => void;
  onGoTo: (line: number) => void;
}

/** Looks for text in all lines of the output. Enter and Shift+Enter move between matches, Escape closes. */
export const LogSearchBar = (props: LogSearchBarProps): JSX.Element => {
  const { trans, options, hits, onChange, onMove, onGoTo } = props;
  const bar = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useReturnFocus(bar, '[role=log]');
  useEffect(() => input.current?.select(), [options.opened]);
  const line = lineOf(options.text);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onChange({ isOpen: false });
    else if (event.key === 'Enter' && line !== null) onGoTo(line);
    else if (event.key === 'Enter') onMove(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const toggle = (key: 'isRegex' | 'isCase' | 'isOnly', sign: string, label: string): JSX.Element => (
    <button
      type="button"
      className="jp-BottegaLogSearch-toggle"
      aria-pressed={options[key]}
      title={label}
      aria-label={label}
      onClick={() => onChange({ [key]: !options[key] })}
    >
      {sign}
    </button>
  );
  return (
    <div ref={bar} className="jp-BottegaLogSearch" role="search" onKeyDown={onKeyDown}>
      <input
        ref={input}
        type="text"
        className="jp-mod-styled"
        spellCheck={false}
        autoFocus
        maxLength={1000}
        placeholder={trans.__('Search, or :line')}
        title={trans.__('Text to look for in all lines; :1234 and Enter go to a line')}
        aria-label={trans.__('Search the log')}
        aria-invalid={Boolean(hits?.error)}
        value={options.text}
        onChange={event => onChange({ text: event.target.value })}
      />
      {toggle('isCase', 'Aa', trans.__('Match case'))}
      {toggle('isRegex', '.*', trans.__('Regular expression'))}
      {toggle('isOnly', '≡', trans.__('Show only lines that match'))}
      <IconButton
        icon={caretUpEmptyThinIcon}
        label={trans.__('Previous match (Shift+Enter)')}
        onClick={() => onMove(-1)}
      />
      <IconButton icon={caretDownEmptyThinIcon} label={trans.__('Next match (Enter)')} onClick={() => onMove(1)} />
      <span className="jp-BottegaLogSearch-count" role="status">
        {line === null ? countText(props) : trans.__('Enter goes to line %1', formatCount(line))}
      </span>
      <IconButton
        icon={closeIcon}
        label={trans.__('Close the search (Escape)')}
        onClick={() => onChange({ isOpen: false })}
      />
      {hits?.error && (
        <p role="alert">
          {hits.error.message} {hits.error.hint}
        </p>
      )}
    </div>
  );
};

/** `:1234` is a line and no text. */
export const lineOf = (text: string): number | null => {
  const [, digits] = /^:(\d{1,12})$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits);
};

const countText = ({ trans, hits, current }: LogSearchBarProps): string => {
  if (!hits || hits.error) return '';
  const count = hits.numbers.length;
  const searched = hits.isComplete ? '' : trans.__('searched %1 %', Math.floor(hits.progress * 100));
  if (!count) return hits.isComplete ? trans.__('No match') : searched;
  const at = current === null ? -1 : hits.placeOf(current);
  const all = formatCount(count);
  const place =
    at < 0 ? trans._n('%2 match', '%2 matches', count, all) : trans.__('%1 of %2', formatCount(at + 1), all);
  const cut = hits.isCut ? trans.__('there may be more') : '';
  return [place, cut, searched].filter(Boolean).join(' · ');
};
