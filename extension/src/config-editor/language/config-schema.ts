import { clusterSpecs, runConfigs } from '@bottega/schema';

/** What a file describes. */
export type ConfigKind = 'run' | 'cluster';

/** As much of JSON Schema as the configs use. */
export interface JsonSchema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  /** Whether it can be changed while a run goes on. */
  live?: boolean;
}

export type Path = (string | number)[];

/** The key whose value says which schema holds, and those schemas. */
export const variantsOf = (kind: ConfigKind): { key: string; schemas: Record<string, JsonSchema> } =>
  kind === 'run'
    ? { key: 'kind', schemas: runConfigs as Record<string, JsonSchema> }
    : { key: 'provider', schemas: clusterSpecs };

/** The schema of a whole file. While the deciding key is missing or wrong, the first variant stands for all. */
export const rootSchema = (kind: ConfigKind, value: unknown): JsonSchema => {
  const { key, schemas } = variantsOf(kind);
  const chosen = isMapping(value) ? value[key] : undefined;
  return (
    (typeof chosen === 'string' && Object.hasOwn(schemas, chosen) ? schemas[chosen] : undefined) ?? firstOf(schemas)
  );
};

const firstOf = (schemas: Record<string, JsonSchema>): JsonSchema => Object.values(schemas)[0]!;

/** The schema at a path; undefined where anything goes or nothing is known. */
export const schemaAt = (kind: ConfigKind, value: unknown, path: Path): JsonSchema | undefined => {
  const { key, schemas } = variantsOf(kind);
  if (path.length === 1 && path[0] === key) return decidingSchema(kind, schemas, key);
  let schema: JsonSchema | undefined = rootSchema(kind, value);
  for (const part of path) {
    schema = typeof part === 'number' ? itemsOf(schema) : propertiesOf(schema)[part];
    if (!schema) return undefined;
  }
  return schema;
};

/** `kind` and `provider` are a constant in each variant; a person chooses among all of them. */
const decidingSchema = (kind: ConfigKind, schemas: Record<string, JsonSchema>, key: string): JsonSchema => ({
  enum: Object.keys(schemas),
  description:
    (kind === 'run' ? 'What to run. ' : 'Where the cluster is. ') +
    Object.entries(schemas)
      .map(([name, schema]) => `\`${name}\`: ${schema.properties?.[key]?.description ?? ''}`)
      .join(' ')
});

/** What one value of an enum means, where the schema knows. */
export const meaningOf = (kind: ConfigKind, path: Path, word: string): string | undefined => {
  const { key, schemas } = variantsOf(kind);
  return path.length === 1 && path[0] === key ? schemas[word]?.properties?.[key]?.description : undefined;
};

export const propertiesOf = (schema: JsonSchema | undefined): Record<string, JsonSchema> => schema?.properties ?? {};

const itemsOf = (schema: JsonSchema | undefined): JsonSchema | undefined =>
  schema?.items ?? schema?.anyOf?.find(each => each.items)?.items;

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
