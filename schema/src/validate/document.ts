import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { Problem } from '../errors.js';

/** A YAML file with the places of its values. */
export interface YamlFile {
  file: string | undefined;
  value: unknown;
  problems: Problem[];
  document: Document.Parsed;
  lines: LineCounter;
}

type Path = (string | number)[];

export const pointer = (path: Path): string =>
  path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Parses YAML 1.2. Syntax errors become problems with their place. */
export const parseYaml = (text: string, file?: string): YamlFile => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const problems = document.errors.map(error => ({
    path: '',
    message: yamlSentence(error.code),
    ...(file === undefined ? {} : { file }),
    ...range(lines, error.pos[0], error.pos[1])
  }));
  const value: unknown = problems.length ? null : document.toJS({ maxAliasCount: 100 });
  return { file, value, problems, document, lines };
};

const yamlSentence = (code: string): string => {
  if (code === 'DUPLICATE_KEY') return 'This key is there twice.';
  if (code === 'TAB_AS_INDENT') return 'Indent with spaces; YAML does not allow tabs.';
  return 'This is not valid YAML.';
};

const range = (lines: LineCounter, start: number, end: number) => {
  const from = lines.linePos(start);
  const to = lines.linePos(Math.max(end, start + 1));
  return { line: from.line, column: from.col, end_line: to.line, end_column: to.col };
};

/** Where a path is written: its key, or its value when that fits on a line. Null when this file does not have it. */
export const placeOf = (yaml: YamlFile, path: Path, mark: 'key' | 'value'): Partial<Problem> | null => {
  let node: unknown = yaml.document.contents;
  let key: Span | undefined;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(item => isScalar(item.key) && item.key.value === part);
      if (!pair) return null;
      key = spanOf(pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[part as number];
      key = spanOf(node);
    } else return null;
  }
  const span = mark === 'value' && isScalar(node) && node.source ? spanOf(node) : key;
  return span ? range(yaml.lines, span[0], span[1]) : null;
};

type Span = readonly [start: number, end: number];

const spanOf = (node: unknown): Span | undefined => {
  const at = (node as { range?: [number, number, number] | null } | null)?.range;
  return at ? [at[0], at[1]] : undefined;
};
