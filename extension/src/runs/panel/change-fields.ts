import { liveFields, type EventOf, type Problem } from '@bottega/schema';
import { parse } from 'yaml';
import { formatExact } from '../../state/formats.js';
import { configAfter } from '../live/live-config.js';

export type FieldKind = 'integer' | 'number' | 'flag' | 'numbers' | 'texts';

/** A field of the config that can be changed while the run goes on. */
export interface ChangeField {
  /** Dotted, as in the config. */
  readonly key: string;
  readonly kind: FieldKind;
  /** One sentence of the schema. */
  readonly help: string;
  /** What the run has; undefined while it is not set. */
  readonly value: unknown;
}

/** What a person wrote, by the key of the field; a list has one text for each of its entries. */
export type Draft = ReadonlyMap<string, string | readonly string[] | boolean>;

/** Values to send, and what is wrong with others, each by its key. */
export interface Edits {
  readonly values: Record<string, unknown>;
  readonly errors: ReadonlyMap<string, 'number' | 'integer'>;
}

/** The live fields of a fine-tuning run with what they are now: as it was submitted, and changed since. */
export const changeFields = (written: object, changes: readonly Pick<EventOf<'change'>, 'values'>[]): ChangeField[] => {
  const now = configAfter('finetune', written, changes);
  return liveFields('finetune').map(({ key, schema }) => ({
    key,
    kind: kindOf(schema),
    help: String(schema['description'] ?? ''),
    value: valueAt(now, key)
  }));
};

/** A config as it was submitted, without what it extends. */
export const readConfig = (config: string): { readonly extends?: unknown } => {
  try {
    return { ...parse(config) } as object;
  } catch {
    // The agent took it, so this cannot be; without values the form still works.
    return {};
  }
};

/** What a field shows before somebody edits it. */
export const draftOf = ({ kind, value }: ChangeField): string | readonly string[] | boolean => {
  if (kind === 'flag') return value === true;
  if (kind === 'texts') return Array.isArray(value) ? value.map(String) : [];
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'number' ? formatExact(value) : String(value);
};

/** The fields that a person changed. What was emptied is taken away. */
export const editsOf = (fields: readonly ChangeField[], draft: Draft): Edits => {
  const values: Record<string, unknown> = {};
  const errors = new Map<string, 'number' | 'integer'>();
  for (const field of fields) {
    const written = draft.get(field.key);
    if (written === undefined || JSON.stringify(written) === JSON.stringify(draftOf(field))) continue;
    const value = readValue(field.kind, written);
    if (value === 'number' || value === 'integer') errors.set(field.key, value);
    else if (JSON.stringify(value.is) !== JSON.stringify(field.value ?? null)) values[field.key] = value.is;
  }
  return { values, errors };
};

/** The agent's problems by the field they are about; those about none have the key ''. */
export const problemsByField = (fields: readonly ChangeField[], problems: readonly Problem[]): Map<string, string> => {
  const found = new Map<string, string>();
  for (const { path, message } of problems) {
    const dotted = path.slice(1).replaceAll('/', '.');
    const field = fields.find(({ key }) => dotted === key || dotted.startsWith(`${key}.`));
    const key = field?.key ?? '';
    found.set(key, [found.get(key), field || !dotted ? message : `${dotted}: ${message}`].filter(Boolean).join(' '));
  }
  return found;
};

const readValue = (
  kind: FieldKind,
  written: string | readonly string[] | boolean
): { is: unknown } | 'number' | 'integer' => {
  if (typeof written === 'boolean') return { is: written };
  if (typeof written !== 'string') return { is: written.length ? written.filter(text => text !== '') : null };
  const text = written.trim();
  if (!text) return { is: null };
  if (kind === 'numbers') {
    const numbers = text
      .replace(/^\[|\]$/g, '')
      .split(/[\s,]+/)
      .map(Number);
    return numbers.every(Number.isInteger) ? { is: numbers } : 'integer';
  }
  const number = Number(text);
  if (!Number.isFinite(number)) return 'number';
  return kind === 'integer' && !Number.isInteger(number) ? 'integer' : { is: number };
};

const kindOf = (schema: Record<string, unknown>): FieldKind => {
  if (schema['type'] === 'boolean') return 'flag';
  if (schema['type'] === 'array') {
    return (schema['items'] as { type?: string } | undefined)?.type === 'string' ? 'texts' : 'numbers';
  }
  return schema['type'] === 'integer' ? 'integer' : 'number';
};

const valueAt = (value: unknown, key: string): unknown =>
  key
    .split('.')
    .reduce<unknown>(
      (part, name) =>
        typeof part === 'object' && part !== null && Object.hasOwn(part, name)
          ? (part as Record<string, unknown>)[name]
          : undefined,
      value
    );
