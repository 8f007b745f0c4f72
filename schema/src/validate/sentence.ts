/** How a broken rule of the schema is said to a person. `bottega_schema/sentence.py` says the same, word for word. */

export interface BrokenRule {
  keyword: string;
  /** Path of the value, in keys and indexes. */
  path: (string | number)[];
  /** The schema that holds the keyword. */
  schema: Record<string, unknown>;
  value: unknown;
  /** The key in question, for `required` and `additionalProperties`. */
  key?: string;
}

export interface Said {
  path: (string | number)[];
  message: string;
  suggestion?: string;
  /** What to underline: the key, or the value behind it. */
  mark: 'key' | 'value';
}

const typeWords: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'null'
};

export const dotted = (path: (string | number)[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    ''
  );

const typeOf = (value: unknown): string => {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'true or false' : 'a number';
};

/** Edits (insert, delete, replace, swap of neighbours) from one word to another. */
const distance = (from: string, to: string): number => {
  const rows = Array.from({ length: from.length + 1 }, (_, i) => [i, ...Array<number>(to.length).fill(0)]);
  rows[0] = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let best = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      }
      rows[i]![j] = best;
    }
  }
  return rows[from.length]![to.length]!;
};

/** The known word most like the given one, when it is close enough to be meant. */
export const suggestion = (word: string, known: string[]): string | undefined => {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const near = known
    .map(name => ({ name, edits: distance(word.toLowerCase(), name) }))
    .filter(each => each.edits <= limit);
  return near.sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))[0]?.name;
};

const choices = (values: string[]): string =>
  values.length === 1 ? values[0]! : `${values.slice(0, -1).join(', ')} or ${values.at(-1)!}`;

const didYouMean = (guess: string | undefined): string => (guess ? ` Did you mean ${guess}?` : '');

const withSuggestion = (said: Said, guess: string | undefined): Said => (guess ? { ...said, suggestion: guess } : said);

/** One sentence for one broken rule, with the place it belongs to. */
export const say = (rule: BrokenRule): Said => {
  const { keyword, path, schema, value } = rule;
  const name = dotted(path) || 'The file';
  if (keyword === 'additionalProperties') {
    const guess = suggestion(rule.key!, Object.keys((schema['properties'] as object | undefined) ?? {}));
    return withSuggestion(
      { mark: 'key', path: [...path, rule.key!], message: `Unknown key ${rule.key!}.${didYouMean(guess)}` },
      guess
    );
  }
  if (keyword === 'required') return { mark: 'key', path, message: `${dotted([...path, rule.key!])} is missing.` };
  const custom = schema['errorMessage'];
  if (typeof custom === 'string') {
    const mark = keyword === 'not' ? 'key' : 'value';
    return { mark, path, message: custom.startsWith('must ') ? `${name} ${custom}.` : custom };
  }
  return withSuggestion({ mark: 'value', path, message: describe(keyword, name, schema, value) }, guessOf(rule));
};

const allowedOf = (keyword: string, schema: Record<string, unknown>): string[] =>
  keyword === 'enum' ? (schema['enum'] as string[]) : keyword === 'const' ? [String(schema['const'])] : [];

const guessOf = ({ keyword, schema, value }: BrokenRule): string | undefined =>
  typeof value === 'string' ? suggestion(value, allowedOf(keyword, schema)) : undefined;

const describe = (keyword: string, name: string, schema: Record<string, unknown>, value: unknown): string => {
  const limit = schema[keyword] as number;
  switch (keyword) {
    case 'type': {
      const wanted = schema['type'] as string;
      const fraction = wanted === 'integer' && typeof value === 'number';
      return `${name} must be ${typeWords[wanted]!}${fraction ? '' : `, not ${typeOf(value)}`}.`;
    }
    case 'enum':
    case 'const': {
      const allowed = allowedOf(keyword, schema);
      const given = typeof value === 'string' ? value || 'empty' : typeOf(value);
      return `${name} must be ${choices(allowed)}, not ${given}.${didYouMean(typeof value === 'string' ? suggestion(value, allowed) : undefined)}`;
    }
    case 'minimum':
      return `${name} must be at least ${limit}.`;
    case 'exclusiveMinimum':
      return `${name} must be more than ${limit}.`;
    case 'maximum':
      return `${name} must be at most ${limit}.`;
    case 'exclusiveMaximum':
      return `${name} must be less than ${limit}.`;
    case 'minLength':
      return `${name} must not be empty.`;
    case 'maxLength':
      return `${name} must have at most ${limit} characters.`;
    case 'minItems':
      return `${name} must have at least ${limit} ${limit === 1 ? 'entry' : 'entries'}.`;
    case 'maxItems':
      return `${name} must have at most ${limit} entries.`;
    default:
      return `${name} is not valid (${keyword}).`;
  }
};
