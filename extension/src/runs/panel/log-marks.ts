import type { StyledText } from '../../state/terminal-text.js';
import type { LogQuery } from '../live/index.js';

/** A stretch of a line of one style; marked when it is what somebody looks for. */
export interface Stretch extends StyledText {
  readonly isMarked: boolean;
}

/** The pattern that marks matches in the lines the agent found; null for what is no expression. */
export const markOf = ({ text, isRegex, isCase }: LogQuery): RegExp | null => {
  if (!text) return null;
  try {
    return new RegExp(isRegex ? text : text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), isCase ? 'gu' : 'giu');
  } catch {
    return null;
  }
};

const MOST_MARKS = 200;

/** The stretches of a line, cut where a match begins and ends. */
export const cutAtMarks = (stretches: readonly StyledText[], mark: RegExp | null): Stretch[] => {
  const marks = mark ? rangesOf(stretches.map(each => each.text).join(''), mark) : [];
  if (!marks.length) return stretches.map(each => ({ ...each, isMarked: false }));
  const cut: Stretch[] = [];
  let at = 0;
  for (const { text, style } of stretches) {
    const edges = marks.flat().filter(edge => edge > at && edge < at + text.length);
    for (const [from, to] of pairs([at, ...edges, at + text.length])) {
      const isMarked = marks.some(([begin, end]) => begin <= from && to <= end);
      if (to > from) cut.push({ text: text.slice(from - at, to - at), style, isMarked });
    }
    at += text.length;
  }
  return cut;
};

const rangesOf = (text: string, mark: RegExp): [number, number][] => {
  const ranges: [number, number][] = [];
  for (const match of text.matchAll(mark)) {
    if (match[0]) ranges.push([match.index, match.index + match[0].length]);
    if (ranges.length >= MOST_MARKS) break;
  }
  return ranges;
};

const pairs = (edges: readonly number[]): [number, number][] =>
  edges.slice(1).map((edge, at) => [edges[at] ?? 0, edge]);
