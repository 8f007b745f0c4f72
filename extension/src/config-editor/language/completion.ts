import {
  meaningOf,
  propertiesOf,
  rootSchema,
  schemaAt,
  variantsOf,
  type ConfigKind,
  type JsonSchema
} from './config-schema.js';
import { hasPlainDefault, literal, liveText, typeText } from './describe.js';
import { locate, type Place } from './locate.js';

export interface Completion {
  label: string;
  kind: 'key' | 'value';
  /** A snippet in the syntax of Monaco. */
  insertText: string;
  /** Few words beside the label. */
  detail: string;
  documentation: string;
  /** Lower comes first. */
  rank: number;
  /** Another completion makes sense right after this one. */
  isFollowed: boolean;
}

export interface CompletionList {
  start: number;
  end: number;
  items: Completion[];
}

/** What can stand at an offset of a config. */
export const complete = (kind: ConfigKind, text: string, offset: number): CompletionList | null => {
  const place = locate(text, offset);
  if (!place) return null;
  const { start, end } = place;
  return { start, end, items: itemsAt(kind, place) };
};

const itemsAt = (kind: ConfigKind, place: Place): Completion[] => {
  const here = schemaAt(kind, place.value, place.path);
  if (place.position === 'value') return here ? values(kind, place, here) : [];
  const root = place.path.length === 0 ? rootSchema(kind, place.value) : here;
  if (!root) return [];
  // A line of its own below `method:` is still its value.
  if (!root.properties) return values(kind, place, root);
  return keys(kind, place, root);
};

const keys = (kind: ConfigKind, place: Place, schema: JsonSchema): Completion[] => {
  const taken = new Set(place.siblings);
  const { key: deciding } = variantsOf(kind);
  return Object.entries(propertiesOf(schema))
    .filter(([name]) => !taken.has(name))
    .map(([name, property], index) => {
      const isDeciding = place.path.length === 0 && name === deciding;
      const own = isDeciding ? schemaAt(kind, place.value, [name])! : property;
      const isRequired = schema.required?.includes(name) === true;
      return {
        label: name,
        kind: 'key',
        insertText: place.hasColon ? name : keySnippet(name, own, place.isInline),
        detail: isRequired ? 'required' : hasPlainDefault(own) ? literal(own.default) : '',
        documentation: documentationOf(own),
        rank: (isDeciding ? 0 : isRequired ? 100 : 200) + index,
        isFollowed: !place.hasColon && (own.enum !== undefined || own.type === 'boolean' || own.type === 'object')
      };
    });
};

const keySnippet = (name: string, schema: JsonSchema, isInline: boolean): string => {
  if (schema.type === 'object') return isInline ? `${name}: {$0}` : `${name}:\n  $0`;
  if (schema.type === 'array') return `${name}: [$0]`;
  if (hasPlainDefault(schema) && !schema.enum && schema.type !== 'boolean') {
    return `${name}: \${1:${escaped(literal(schema.default))}}`;
  }
  return `${name}: $0`;
};

const escaped = (text: string): string => text.replace(/[$}\\]/g, '\\$&');

const values = (kind: ConfigKind, place: Place, schema: JsonSchema): Completion[] =>
  wordsOf(schema).map((word, index) => ({
    label: word,
    kind: 'value',
    insertText: escaped(word),
    detail: literal(schema.default) === word ? 'default' : '',
    documentation: meaningOf(kind, place.path, word) ?? schema.description ?? '',
    rank: index,
    isFollowed: false
  }));

const wordsOf = (schema: JsonSchema): string[] => {
  if (schema.enum) return schema.enum.map(String);
  if (schema.const !== undefined) return [String(schema.const)];
  if (schema.type === 'boolean') return ['true', 'false'];
  return typeof schema.default === 'string' ? [schema.default] : [];
};

const documentationOf = (schema: JsonSchema): string =>
  [schema.description, `_${[typeText(schema), liveText(schema)].filter(Boolean).join(' · ')}_`]
    .filter(Boolean)
    .join('\n\n');
