import { isMap, isPair, isScalar, isSeq, parseDocument, type Pair } from 'yaml';
import { meaningOf, schemaAt, type ConfigKind, type JsonSchema, type Path } from './config-schema.js';
import { hasPlainDefault, literal, liveText, typeText } from './describe.js';

export interface Hover {
  start: number;
  end: number;
  /** Markdown. */
  text: string;
}

/** What the key or value at an offset means. */
export const hoverAt = (kind: ConfigKind, text: string, offset: number): Hover | null => {
  const document = parseDocument(text, { uniqueKeys: false });
  const found = pairAt(document.contents, offset, []);
  if (!found) return null;
  const schema = schemaAt(kind, document.toJS({ maxAliasCount: 100 }), found.path);
  return schema ? { start: found.start, end: found.end, text: markdown(kind, found, schema) } : null;
};

interface FoundPair {
  path: Path;
  start: number;
  end: number;
  /** The word, when it is a value that is meant. */
  word: string | undefined;
}

/** The innermost key or plain value that covers an offset. */
const pairAt = (node: unknown, offset: number, path: Path): FoundPair | null => {
  if (isMap(node)) {
    for (const pair of node.items) {
      const found = inPair(pair, offset, path);
      if (found) return found;
    }
  }
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const found = isPair(item) ? null : pairAt(item, offset, [...path, index]);
      if (found) return found;
    }
  }
  return null;
};

const inPair = (pair: Pair, offset: number, above: Path): FoundPair | null => {
  if (!isScalar(pair.key)) return null;
  const path = [...above, String(pair.key.value)];
  const key = spanOf(pair.key);
  if (key && covers(key, offset)) return { path, start: key[0], end: key[1], word: undefined };
  const value = isScalar(pair.value) ? spanOf(pair.value) : null;
  if (value && covers(value, offset)) {
    return { path, start: value[0], end: value[1], word: String((pair.value as { value: unknown }).value) };
  }
  return pairAt(pair.value, offset, path);
};

const spanOf = (node: { range?: [number, number, number] | null }): readonly [number, number] | null =>
  node.range ? [node.range[0], node.range[1]] : null;

const covers = ([start, end]: readonly [number, number], offset: number): boolean => offset >= start && offset <= end;

const markdown = (kind: ConfigKind, { path, word }: FoundPair, schema: JsonSchema): string => {
  const meaning = word === undefined ? undefined : meaningOf(kind, path, word);
  const facts = [`_${typeText(schema)}_`];
  if (hasPlainDefault(schema)) facts.push(`default \`${literal(schema.default)}\``);
  if (schema.live) facts.push(liveText(schema));
  return [`**${path.join('.')}**`, meaning ?? schema.description, facts.join(' · ')].filter(Boolean).join('\n\n');
};
