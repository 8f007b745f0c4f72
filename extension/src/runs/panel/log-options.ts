import type { LogLine } from '@bottega/schema';
import { everything, type LogQuery } from '../live/index.js';

/** What a person chose to see of the log, and looks for in it. */
export interface LogOptions {
  readonly isOpen: boolean;
  /** Grows each time somebody asks for the search, which then has the focus. */
  readonly opened: number;
  readonly text: string;
  readonly isRegex: boolean;
  readonly isCase: boolean;
  /** Whether only lines that match are shown. */
  readonly isOnly: boolean;
  readonly rank: number | null;
  readonly stream: LogLine['stream'] | null;
}

export const noOptions: LogOptions = {
  isOpen: false,
  opened: 0,
  text: '',
  isRegex: false,
  isCase: false,
  isOnly: false,
  rank: null,
  stream: null
};

const isSearching = ({ isOpen, text }: LogOptions): boolean => isOpen && text !== '' && !text.startsWith(':');

/** The lines that are looked for; everything when nothing is. */
export const hitsOf = (options: LogOptions): LogQuery =>
  isSearching(options) ? queryOf(options, options.text) : everything;

/** The lines that are shown. */
export const shownOf = (options: LogOptions): LogQuery =>
  queryOf(options, isSearching(options) && options.isOnly ? options.text : '');

const queryOf = ({ isRegex, isCase, rank, stream }: LogOptions, text: string): LogQuery => ({
  text,
  isRegex: text !== '' && isRegex,
  isCase: text !== '' && isCase,
  rank,
  stream
});
