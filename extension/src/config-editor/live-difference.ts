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

/** The config of a run after its live fields were changed; null takes a field away, so that its default holds again. */
export const afterChanges = (config: RunConfig, changes: readonly { values: Record<string, unknown> }[]): RunConfig => {
  const changed = structuredClone(config) as unknown as Mapping;
  const defaults = new Map(liveFields(config.kind).map(({ key, schema }) => [key, schema['default']]));
  for (const { values } of changes) {
    for (const [key, value] of Object.entries(values)) {
      // `samples` and `profile` are there as a whole or not at all, so that their fields have no default without them.
      const fallback = key.includes('.') ? undefined : defaults.get(key);
      put(changed, key.split('.'), value ?? fallback);
    }
  }
  return changed as unknown as RunConfig;
};

/** What the agent is asked for. */
export const valuesOf = (changes: readonly FieldChange[]): Record<string, unknown> =>
  Object.fromEntries(changes.map(({ key, after }) => [key, after ?? null]));

type Mapping = Record<string, unknown>;

/** Values by dotted key; a list is one value. Names in `env` may have dots, which only makes their keys look longer. */
const fieldsOf = (value: unknown, key = ''): Map<string, unknown> =>
  isMapping(value)
    ? new Map(Object.entries(value).flatMap(([name, each]) => [...fieldsOf(each, key ? `${key}.${name}` : name)]))
    : new Map([[key, value]]);

const put = (mapping: Mapping, [name, ...rest]: string[], value: unknown): void => {
  if (name === undefined) return;
  if (!rest.length) {
    if (value === undefined) delete mapping[name];
    else mapping[name] = value;
    return;
  }
  if (!isMapping(mapping[name])) {
    if (value === undefined) return;
    mapping[name] = {};
  }
  const below = mapping[name] as Mapping;
  put(below, rest, value);
  if (!Object.keys(below).length) delete mapping[name];
};
