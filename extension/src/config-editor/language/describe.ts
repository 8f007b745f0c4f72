import type { JsonSchema } from './config-schema.js';

/** How a value is written in YAML, short. */
export const literal = (value: unknown): string => {
  if (typeof value === 'number') return numberText(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** `2.0e-4` rather than `0.0002`: YAML 1.1 readers take `2e-4` for a text. */
const numberText = (value: number): string => {
  if (value === 0 || Math.abs(value) >= 0.001) return String(value);
  return value.toExponential().replace(/^(-?\d+)e/, '$1.0e');
};

/** What a key takes, in a few words: `whole number, at least 1`, `lora or full`, `list of text`. */
export const typeText = (schema: JsonSchema): string => {
  if (schema.enum) return schema.enum.map(String).join(' or ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' or ');
  return [typeWord(schema), ...limits(schema)].join(', ');
};

const typeWord = (schema: JsonSchema): string => {
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return schema.items ? `list of ${typeWord(schema.items)}` : 'list';
    case 'object':
      return 'mapping';
    default:
      return schema.type ?? 'value';
  }
};

const limits = (schema: JsonSchema): string[] => {
  const texts: string[] = [];
  if (schema.minimum !== undefined) texts.push(`at least ${schema.minimum}`);
  if (schema.exclusiveMinimum !== undefined) texts.push(`more than ${schema.exclusiveMinimum}`);
  if (schema.maximum !== undefined) texts.push(`at most ${schema.maximum}`);
  if (schema.exclusiveMaximum !== undefined) texts.push(`less than ${schema.exclusiveMaximum}`);
  return texts;
};

/** What a person may not know of a key that can be edited under way. */
export const liveText = (schema: JsonSchema): string => (schema.live ? 'can be changed while the run goes on' : '');

/** Whether a default says something; those of mappings are the defaults of their keys. */
export const hasPlainDefault = (schema: JsonSchema): boolean =>
  schema.default !== undefined && (typeof schema.default !== 'object' || schema.default === null);
