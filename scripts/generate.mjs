// Makes the generated half of schema/: JSON Schema files and pydantic models from the TypeBox source.
// `npm run generate` writes them; `npm run generate -- --check` fails when what is checked in has drifted.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'schema/python/bottega_schema');

/** Replaces sub-schemas that have a name of their own by references, so that the models get that name once. */
const withReferences = named => {
  const nameOf = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]));
  const refer = (schema, top) => {
    if (Array.isArray(schema)) return schema.map(each => refer(each, false));
    if (typeof schema !== 'object' || schema === null) return schema;
    const name = top ? undefined : nameOf.get(JSON.stringify(schema));
    if (name) return { $ref: `#/definitions/${name}` };
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, refer(value, false)]));
  };
  return Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, refer(schema, true)]));
};

const isSchema = value =>
  typeof value === 'object' && value !== null && ('type' in value || 'anyOf' in value || 'enum' in value);

const write = (folder, name, text) => writeFileSync(join(folder, name), text);

const generate = async folder => {
  const schema = await import(pathToFileURL(join(root, 'schema/lib/index.js')).href);
  const draft = { $schema: 'http://json-schema.org/draft-07/schema#' };
  write(folder, 'run-config.json', JSON.stringify({ ...draft, ...schema.runConfigs }, null, 1) + '\n');
  write(folder, 'cluster-spec.json', JSON.stringify({ ...draft, ...schema.clusterSpecs }, null, 1) + '\n');
  const named = Object.fromEntries(
    Object.entries(schema).filter(([name, value]) => /^[A-Z]/.test(name) && isSchema(value))
  );
  for (const word of ['Time', 'RunId', 'ClusterName', 'Digest']) delete named[word];
  const definitions = withReferences(JSON.parse(JSON.stringify(named)));
  write(folder, 'wire.json', JSON.stringify({ ...draft, title: 'Wire', type: 'object', definitions }, null, 1) + '\n');
  write(
    folder,
    'version.py',
    `"""Generated from schema/src/version.ts by \`npm run generate\`."""\n\nAPI_VERSION = ${schema.API_VERSION}\n`
  );
  const answers = Object.entries(schema.AGENT_ANSWER_S).map(([what, seconds]) => `"${what}": ${seconds}`);
  write(
    folder,
    'timeouts.py',
    `"""Generated from schema/src/timeouts.ts by \`npm run generate\`."""\n\nAGENT_ANSWER_S = {${answers.join(', ')}}\n`
  );
  const python = join(root, '.venv/bin/python');
  execFileSync(
    python,
    [
      '-m',
      'datamodel_code_generator',
      '--input',
      join(folder, 'wire.json'),
      '--input-file-type',
      'jsonschema',
      '--output',
      join(folder, 'models.py'),
      '--output-model-type',
      'pydantic_v2.BaseModel',
      '--target-python-version',
      '3.11',
      '--use-annotated',
      '--use-union-operator',
      '--use-standard-collections',
      '--enum-field-as-literal',
      'all',
      '--use-schema-description',
      '--use-field-description',
      '--disable-timestamp',
      '--use-one-literal-as-default',
      '--collapse-root-models',
      '--use-root-model-type-alias',
      '--formatters',
      'ruff-format',
      '--custom-file-header',
      '"""Generated from schema/src by `npm run generate`."""'
    ],
    { stdio: 'pipe' }
  );
};

const files = ['run-config.json', 'cluster-spec.json', 'wire.json', 'version.py', 'timeouts.py', 'models.py'];

// Both ways start in a folder inside the repository: the generator formats with the ruff settings it finds above its output.
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const fresh = mkdtempSync(join(cache, 'bottega-generate-'));
try {
  await generate(fresh);
  const drifted = files.filter(
    name => readFileSync(join(fresh, name), 'utf8') !== readFileSync(join(target, name), 'utf8')
  );
  if (!process.argv.includes('--check')) {
    for (const name of drifted) copyFileSync(join(fresh, name), join(target, name));
  } else if (drifted.length) {
    console.error(`Generated files differ from schema/src: ${drifted.join(', ')}. Run: npm run generate`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
