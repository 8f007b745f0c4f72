import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Node, type Pair } from 'yaml';
import type { Path } from './config-schema.js';

/** Where a cursor is in a config. Offsets count UTF-16 units, as Monaco and JavaScript do. */
export interface Place {
  /** Whether a key or a value stands, or would stand, here. */
  position: 'key' | 'value';
  /** Path of the mapping for a key; path of the value itself for a value. */
  path: Path;
  /** Keys that the mapping has already, without the one at the cursor. */
  siblings: string[];
  /** The word at the cursor, which a completion replaces. */
  start: number;
  end: number;
  hasColon: boolean;
  /** Inside `{…}` or `[…]`, where a line break means nothing. */
  isInline: boolean;
  /** The whole file without what is being typed, as far as it can be read. */
  value: unknown;
}

/** A word that no config has; it stands for what is being typed. */
const MARK = 'bottega__cursor';
const wordPart = /[\w./:~-]/;

/**
 * Finds the place of a cursor by putting a mark there and asking the YAML parser where it went, so that indentation,
 * flow collections, comments and half-typed lines follow YAML's own rules. Null in comments, block texts and the like.
 */
export const locate = (text: string, offset: number): Place | null => {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = endOfLine(text, offset);
  const { start, end } = wordAt(text, offset, lineStart, lineEnd);
  const before = text.slice(lineStart, start);
  const after = text.slice(end, lineEnd);
  const hasColon = /^\s*:(\s|$)/.test(after);
  const isAlone = /^\s*(- +)*$/.test(before) && /^\s*(#.*)?$/.test(after);
  const mark = isAlone ? `${MARK}:` : MARK;
  const document = parseDocument(text.slice(0, start) + mark + text.slice(end), { uniqueKeys: false });
  const found = findMark(document.contents);
  if (!found) return null;
  return { ...found, start, end, hasColon, value: withoutMark(document.toJS({ maxAliasCount: 100 })) };
};

const endOfLine = (text: string, offset: number): number => {
  const end = text.indexOf('\n', offset);
  const at = end < 0 ? text.length : end;
  return text[at - 1] === '\r' && at > offset ? at - 1 : at;
};

const wordAt = (text: string, offset: number, from: number, to: number): { start: number; end: number } => {
  let start = offset;
  let end = offset;
  while (start > from && wordPart.test(text[start - 1]!)) start -= 1;
  while (end < to && wordPart.test(text[end]!)) end += 1;
  // The colon of `key:` ends the key; that of `hooks:loss` is part of the word.
  const colon = text.slice(start, end).search(/:$/);
  if (colon >= 0 && offset <= start + colon) end = start + colon;
  return { start, end };
};

type Found = Pick<Place, 'position' | 'path' | 'siblings' | 'isInline'>;

const findMark = (root: unknown): Found | null => {
  if (!root) return null;
  if (isMarked(root)) return { position: 'key', path: [], siblings: [], isInline: false };
  let found: Found | null = null;
  visit(root as Node, {
    Scalar: (key, node, ancestors) => {
      if (!isMarked(node)) return undefined;
      found = describe(key, [...ancestors, node]);
      return visit.BREAK;
    }
  });
  return found;
};

const describe = (key: number | 'key' | 'value' | null, chain: readonly unknown[]): Found => {
  const isKey = key === 'key';
  const path = pathOf(isKey ? chain.slice(0, -1) : chain);
  const holder = isKey ? chain.at(-3) : undefined;
  return {
    position: isKey ? 'key' : 'value',
    path: isKey ? path.slice(0, -1) : path,
    siblings: isMap(holder) ? holder.items.map(keyText).filter(name => name !== MARK) : [],
    isInline: chain.some(node => (isMap(node) || isSeq(node)) && node.flow === true)
  };
};

const isMarked = (node: unknown): boolean => isScalar(node) && node.value === MARK;
const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : '');

/** The path of the last node of a chain from the root. */
const pathOf = (chain: readonly unknown[]): Path => {
  const path: Path = [];
  chain.forEach((node, index) => {
    const next = chain[index + 1];
    if (isPair(node)) path.push(keyText(node));
    else if (isSeq(node) && next) path.push(node.items.indexOf(next));
  });
  return path;
};

const withoutMark = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.filter(each => each !== MARK).map(withoutMark);
  if (typeof value !== 'object' || value === null) return value === MARK ? null : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== MARK)
      .map(([key, each]) => [key, withoutMark(each)])
  );
};
