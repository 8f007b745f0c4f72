import type { EventOf, LogLine, SearchPage, SearchQuery } from '@bottega/schema';
import { LineIndex, type Reader } from '../ledger/line-index.js';

const PAGE_BYTES = 4 * 1024 * 1024;
/*
 * What a terminal acts on and does not show: CSI sequences, strings that end with BEL or ST, other escapes. A colour in
 * the middle of a word does not hide it.
 */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?/g;

/** Throws SyntaxError. */
export const patternOf = ({ text, regex, case: isCaseSensitive }: SearchQuery): RegExp => {
  const flags = isCaseSensitive ? '' : 'i';
  if (!regex) return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), `${flags}u`);
  try {
    return new RegExp(text, `${flags}u`);
  } catch (error) {
    // Escapes that mean nothing are an error only with full Unicode, and common in other tools.
    return compileLoosely(text, flags, error);
  }
};

/** The lines of a page, read until it is full or `untilMs` (of `performance.now()`) is over; `next` says where to go on. */
export const searchLines = (reader: Reader, run: string, query: SearchQuery, untilMs: number): SearchPage => {
  const pattern = patternOf(query);
  const index = new LineIndex(reader);
  const lines: LogLine[] = [];
  const total = index.total(run);
  let sizeBytes = 0;
  let next: number | null = null;
  const take = (line: LogLine): boolean => {
    if (isMatching(pattern, line.text)) {
      sizeBytes += Buffer.byteLength(line.text);
      lines.push(line);
    }
    const isFull = lines.length >= query.limit || sizeBytes >= PAGE_BYTES;
    if (isFull && line.number < total) next = line.number + 1;
    return !isFull;
  };
  index.read(run, query.from, take, (event, line) => {
    if (line > query.from && performance.now() > untilMs) {
      next = line;
      return 'stop';
    }
    return isAsked(query, event) ? 'read' : 'pass';
  });
  return { lines, next, total };
};

const isAsked = ({ rank, stream }: SearchQuery, event: EventOf<'output'>): boolean =>
  (rank === undefined || rank === event.rank) && (stream === undefined || stream === event.stream);

const isMatching = (pattern: RegExp, text: string): boolean =>
  pattern.test(text.includes('\x1b') ? text.replace(SEQUENCE, '') : text);

const compileLoosely = (text: string, flags: string, strict: unknown): RegExp => {
  try {
    return new RegExp(text, flags);
  } catch {
    throw strict;
  }
};
