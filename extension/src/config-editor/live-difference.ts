import { liveFields, type RunConfig } from '@bottega/schema';
import { isMapping } from './language/config-schema.js';

/** A key of the config with what a run has and what the text says; undefined for not set. */
export interface FieldChange {
  key: string;
  before: unknown;
  after: unknown;
}

/** What an edited config would change in a run: at once, and only in a new one. */
export interface LiveDifference {
  live: readonly FieldChange[];
  other: readonly FieldChange[];
}

/** Compares two configs that have all their defaults. */
export const liveDifference = (running: RunConfig, edited: RunConfig): LiveDifference => {
  const before = fieldsOf(running);
  const after = fieldsOf(edited);
  const isLive = new Set(running.kind === edited.kind ? liveFields(running.kind).map(({ key }) => key) : []);
  const changes = [...new Set([...before.keys(), ...after.keys()])]
    .map(key => ({ key, before: before.get(key), after: after.get(key) }))
    .filter(change => JSON.stringify(change.before) !== JSON.stringify(change.after));
  return { live: changes.filter(({ key }) => isLive.has(key)), other: changes.filter(({ key }) => !isLive.has(key)) };
};

/** What the agent is asked for. */
export const valuesOf = (changes: readonly FieldChange[]): Record<string, unknown> =>
  Object.fromEntries(changes.map(({ key, after }) => [key, after ?? null]));

/** Values by dotted key; a list is one value. Names in `env` may have dots, which only makes their keys look longer. */
const fieldsOf = (value: unknown, key = ''): Map<string, unknown> =>
  isMapping(value)
    ? new Map(Object.entries(value).flatMap(([name, each]) => [...fieldsOf(each, key ? `${key}.${name}` : name)]))
    : new Map([[key, value]]);
