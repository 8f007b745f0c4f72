// Sets everything up, opens JupyterLab on the example and brings a local cluster up behind it.
// `--no-browser` prints the address only; `--port N` takes this port.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// Not by name: an old Node would fail on the import and not say why.
import util from 'node:util';
import { prepareExamples } from './examples.mjs';
import { findPort, startJupyter } from './jupyter.mjs';
import { secondsSince } from './phase.mjs';
import { checkNode, root, setup } from './setup.mjs';

const FILE = 'docstrings/finetune.run.yaml';
const SPEC = join(root, 'examples/docstrings/local.cluster.yaml');

const readOptions = () => {
  const options = { 'no-browser': { type: 'boolean' }, port: { type: 'string' } };
  const { values } = util.parseArgs({ options });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new Error(`--port takes a number from 1 to 65535, not ${values.port}.`);
  }
  return { opensBrowser: !values['no-browser'], port };
};

const fail = error => {
  console.error(error.message);
  process.exit(1);
};

/** Starts the cluster; a failure is told, and JupyterLab stays. */
const startCluster = async () => {
  // The client is built by the set-up, so it cannot be imported before.
  const { connect } = await import('@bottega/client/node');
  const { bringUp, sentenceOf } = await import('./cluster.mjs');
  const started = performance.now();
  let client;
  try {
    client = await connect();
    const cluster = await bringUp(client, readFileSync(SPEC, 'utf8'));
    console.log(`✓ Cluster ${cluster.name} is ready (${secondsSince(started)})`);
  } catch (error) {
    console.error(`✗ The cluster did not start. ${sentenceOf(error)}`);
  } finally {
    client?.dispose();
  }
};

checkNode();
let options;
try {
  options = readOptions();
  options.port = await findPort(options.port);
} catch (error) {
  fail(error);
}
await setup();
await prepareExamples();
const asked = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => asked.abort());
const started = performance.now();
const jupyter = await startJupyter({ ...options, file: FILE, signal: asked.signal }).catch(fail);
console.log(`✓ JupyterLab (${secondsSince(started)})\n\n  ${jupyter.url}\n`);
void startCluster();
await Promise.race([jupyter.ended, once(asked.signal, 'abort')]);
await jupyter.stop();
console.log(asked.signal.aborted ? '\nJupyterLab is stopped.' : '\nJupyterLab ended by itself.');
console.log('The cluster and its runs go on. To stop everything: npm stop');
process.exit(asked.signal.aborted ? 0 : 1);
