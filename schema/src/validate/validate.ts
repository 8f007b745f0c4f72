import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { clusterSpecs, type ClusterSpec } from '../cluster-spec.js';
import type { Problem } from '../errors.js';
import { runConfigs, type RunConfig } from '../run-config.js';
import { withDefaults } from './defaults.js';
import { parseYaml, placeOf, pointer, type YamlFile } from './document.js';
import { withChanges } from './live.js';
import { say, type Said } from './sentence.js';

type Mapping = Record<string, unknown>;
const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false });
const compiled = new Map<object, ValidateFunction>();
const validatorOf = (schema: object): ValidateFunction => {
  let validator = compiled.get(schema);
  if (!validator) compiled.set(schema, (validator = ajv.compile(schema)));
  return validator;
};

export interface RunConfigOptions {
  /** Path of the file, as `read` knows it; `extends` is resolved from its folder. */
  file?: string;
  /** Reads another file for `extends`; throws when it is not there. */
  read?: (path: string) => Promise<string>;
  /** Live fields that were changed since, by dotted key, one after the other; see `withChanges`. */
  changes?: Record<string, unknown>[];
}

/** Checks a run config in YAML. Every problem comes with its place; `config` has all defaults when there is none. */
export const validateRunConfig = async (
  text: string,
  options: RunConfigOptions = {}
): Promise<{ config: RunConfig | null; problems: Problem[] }> => {
  const { files, problems } = await chain(text, options);
  if (problems.length) return { config: null, problems };
  const merged = files.map(file => file.value as Mapping).reduceRight((base, over) => merge(base, over));
  delete merged['extends'];
  const whole = (options.changes ?? []).reduce(withChanges, merged);
  const checked = check(whole, files, 'kind', runConfigs);
  return { config: checked.value as RunConfig | null, problems: checked.problems };
};

/** Checks a cluster spec in YAML. */
export const validateClusterSpec = (text: string): { spec: ClusterSpec | null; problems: Problem[] } => {
  const yaml = parseYaml(text);
  const problems = [...yaml.problems, ...notAMapping(yaml)];
  if (problems.length) return { spec: null, problems };
  const checked = check(yaml.value as Mapping, [yaml], 'provider', clusterSpecs);
  return { spec: checked.value as ClusterSpec | null, problems: checked.problems };
};

/** A problem with a value in a run config, found by somebody who knows more than the schema. */
export const problemIn = (text: string, path: string[], message: string): Problem =>
  problemAt([parseYaml(text)], { mark: 'value', path, message });

/** The file and what it extends, nearest first. */
const chain = async (text: string, options: RunConfigOptions): Promise<{ files: YamlFile[]; problems: Problem[] }> => {
  const first = parseYaml(text);
  const files = [first];
  const seen = new Set(options.file === undefined ? [] : [normal(options.file)]);
  let here = options.file ?? '';
  for (;;) {
    const current = files.at(-1)!;
    const problems = [...current.problems, ...notAMapping(current)];
    if (problems.length) return { files, problems };
    const wanted = (current.value as Mapping)['extends'];
    if (wanted === undefined) return { files, problems: [] };
    const refuse = (message: string) => ({
      files,
      problems: [problemAt([current], { mark: 'value', path: ['extends'], message })]
    });
    if (typeof wanted !== 'string' || !wanted) return refuse('extends must be the path of another run config.');
    const path = normal(wanted.startsWith('/') ? wanted : `${folderOf(here)}${wanted}`);
    if (seen.has(path)) return refuse(`extends goes in a circle: ${wanted} is already part of this config.`);
    seen.add(path);
    let base: string;
    try {
      if (!options.read) throw new Error('no reader');
      base = await options.read(path);
    } catch {
      return refuse(`${wanted} cannot be read.`);
    }
    files.push(parseYaml(base, path));
    here = path;
  }
};

const notAMapping = (yaml: YamlFile): Problem[] =>
  yaml.problems.length || isMapping(yaml.value)
    ? []
    : [problemAt([yaml], { mark: 'key', path: [], message: 'The file must be a mapping of keys to values.' })];

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

const normal = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.length && parts.at(-1) !== '..') parts.pop();
    else if (part && part !== '.') parts.push(part);
  }
  return (path.startsWith('/') ? '/' : '') + parts.join('/');
};

const merge = (base: Mapping, over: Mapping): Mapping => {
  const merged: Mapping = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMapping(below) && isMapping(value) ? merge(below, value) : value;
  }
  return merged;
};

/** Picks the schema by the value of one key, so that problems speak of that kind alone. */
const check = (value: Mapping, files: YamlFile[], key: string, schemas: Record<string, object>) => {
  const kind = value[key];
  const schema = typeof kind === 'string' && Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  if (!schema) {
    const rule = { path: [] as string[], schema: { enum: Object.keys(schemas) }, value: kind };
    const said =
      key in value ? say({ ...rule, keyword: 'enum', path: [key] }) : say({ ...rule, keyword: 'required', key });
    return { value: null, problems: [problemAt(files, said)] };
  }
  const validator = validatorOf(schema);
  if (validator(value)) return { value: withDefaults(schema, value), problems: [] };
  const problems = validator.errors!.filter(isRoot).map(error => problemAt(files, sayAjv(error)));
  return { value: null, problems: inOrder(problems) };
};

/** Errors inside anyOf and if are echoes of the one that counts. */
const isRoot = (error: ErrorObject): boolean =>
  error.keyword !== 'if' && !error.schemaPath.includes('/anyOf/') && !/\/if\//.test(error.schemaPath);

const sayAjv = (error: ErrorObject): Said => {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map(part => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
  const params = error.params as { missingProperty?: string; additionalProperty?: string };
  const key = params.missingProperty ?? params.additionalProperty;
  const schema = error.parentSchema as Mapping;
  return say({ keyword: error.keyword, path, schema, value: error.data, ...(key === undefined ? {} : { key }) });
};

/** The place in the nearest file that has the path, or has its parent. */
const problemAt = (files: YamlFile[], said: Said): Problem => {
  const problem: Problem = { path: pointer(said.path), message: said.message };
  if (said.suggestion !== undefined) problem.suggestion = said.suggestion;
  for (let length = said.path.length; length > 0; length--) {
    for (const yaml of files) {
      const place = placeOf(yaml, said.path.slice(0, length), length === said.path.length ? said.mark : 'key');
      if (place) return { ...problem, ...(yaml.file === undefined ? {} : { file: yaml.file }), ...place };
    }
  }
  return { ...problem, line: 1, column: 1, end_line: 1, end_column: 2 };
};

const inOrder = (problems: Problem[]): Problem[] => {
  const unique = new Map(problems.map(problem => [`${problem.path} ${problem.message}`, problem]));
  return [...unique.values()].sort(
    (a, b) =>
      (a.file ?? '').localeCompare(b.file ?? '') ||
      a.line! - b.line! ||
      a.column! - b.column! ||
      (a.message < b.message ? -1 : 1)
  );
};
