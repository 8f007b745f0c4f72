// The main job without a browser: a cluster, a run, an edit, a second run beside it, a profile, and an agent that dies
// in the middle and comes back. In folders of its own; ends with 0 only when everything held.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareExamples } from './examples.mjs';
import { root, setup } from './setup.mjs';

await setup();
await prepareExamples();
// Both are built by the set-up.
const { connect } = await import('@bottega/client/node');
const { bringDown, bringUp, isAlive, seconds, sentenceOf, until } = await import('./cluster.mjs');

const CONFIG = 'demo.run.yaml';
const STEPS = 100;
const EDITED = 'LABEL_SMOOTHING = 0.1';
const MARK = 'hooks.py as edited';
const FIRST_STEP_TIMEOUT_MS = 60_000;
const RUN_TIMEOUT_MS = 240_000;

const say = (what, ...words) => console.log(what.padEnd(9), ...words);
const insist = (isTrue, sentence) => {
  if (!isTrue) throw new Error(sentence);
};

const makeProject = scratch => {
  const folder = join(scratch, 'docstrings');
  cpSync(join(root, 'examples/docstrings'), folder, { recursive: true });
  writeFileSync(
    join(folder, CONFIG),
    `extends: finetune.run.yaml\nmax_steps: ${STEPS}\neval_steps: ${STEPS}\nsave_steps: ${STEPS}\n`
  );
  return folder;
};

const editHooks = folder => {
  const file = join(folder, 'hooks.py');
  const text = readFileSync(file, 'utf8').replace('LABEL_SMOOTHING = 0.0', EDITED);
  insist(text.includes(EDITED), 'hooks.py of the example has no line LABEL_SMOOTHING = 0.0.');
  writeFileSync(file, `${text}\nprint("${MARK}", flush=True)\n`);
};

const isRunning = each => each.type === 'status' && each.state === 'running';

/** Submits a run and collects its events while they come. */
const submit = async (client, folder, name) => {
  const submitted = Date.now();
  const config = readFileSync(join(folder, CONFIG), 'utf8');
  const run = await client.run({ config, folder, configPath: CONFIG, cluster: 'demo', name });
  const watched = { run, events: [], failure: undefined, submitted };
  const read = async () => {
    for await (const event of run.events()) watched.events.push(event);
  };
  watched.ended = read().catch(error => (watched.failure = error));
  await event(watched, 'its first step', isRunning, FIRST_STEP_TIMEOUT_MS);
  return watched;
};

/** Waits for an event of a run; an end of the run before it is a failure. */
const event = async ({ run, events, failure }, what, isIt, timeoutMs = RUN_TIMEOUT_MS) => {
  let found;
  await until(
    `${run.record.name}: ${what}`,
    () => {
      if (failure) throw failure;
      found = events.find(isIt);
      const end = events.find(each => each.type === 'status' && ['failed', 'stopped', 'lost'].includes(each.state));
      if (!found && end) throw new Error(`${run.record.name} ${end.state} before ${what}. ${end.reason}`);
      return found !== undefined;
    },
    timeoutMs
  ).catch(async error => {
    const { state, reason } = await run.refresh();
    throw new Error(`${sentenceOf(error)} It is ${state}. ${reason}`, { cause: error });
  });
  return found;
};

const stepOf = ({ events }) => events.findLast(each => each.type === 'metric')?.step ?? 0;
const lossesOf = ({ events }) => events.filter(each => each.values?.loss !== undefined).map(each => each.values.loss);
const printed = ({ events }) => events.map(each => (each.type === 'output' ? each.text : '')).join('');

const sayStart = (what, { submitted, events }, more = '') => {
  const running = events.find(isRunning);
  const phases = events.filter(each => each.type === 'phase');
  const times = phases.map(each => `${each.name} ${Math.round(each.duration_ms)}`).join(' · ');
  say(what, `first step after ${((running.time - submitted) / 1000).toFixed(2)} s${more}   ${times} ms`);
};

const profile = async watched => {
  const started = performance.now();
  const known = new Set(watched.events.filter(each => each.type === 'trace').map(each => each.path));
  await watched.run.profile(3);
  const isNew = each => each.type === 'trace' && !known.has(each.path) && each.last_step - each.first_step === 2;
  const trace = await event(watched, 'a trace', isNew);
  const where = `steps ${trace.first_step} to ${trace.last_step} of the running ${watched.run.record.name}`;
  say('Profile', `${where}: ${(trace.size_bytes / 1e6).toFixed(1)} MB after ${seconds(performance.now() - started)}`);
};

const killAgent = async (client, runs) => {
  const { pid } = await client.info();
  const before = runs.map(stepOf);
  process.kill(pid, 'SIGKILL');
  await until('the agent to die', () => !isAlive(pid));
  const started = performance.now();
  insist((await client.info()).pid !== pid, 'The agent was killed and is still the same.');
  say('Agent', `killed with SIGKILL, back after ${seconds(performance.now() - started)}`);
  await until('both runs to show new steps', () => runs.every((run, index) => stepOf(run) > before[index]));
};

/** The whole log from the ledger: done, numbered without a hole, and the same as what was heard live. */
const check = async (client, watched) => {
  const { run, events } = watched;
  await Promise.race([watched.ended, run.finished(AbortSignal.timeout(RUN_TIMEOUT_MS))]);
  const { state, reason, name } = await run.finished(AbortSignal.timeout(RUN_TIMEOUT_MS));
  await watched.ended;
  insist(state === 'done', `${name} is ${state}. ${reason}`);
  const stored = [];
  for (let page; !page || stored.length < page.last_seq; stored.push(...page.events)) {
    page = await client.events(run.id, stored.length + 1);
    insist(page.events.length > 0, `${name}: the ledger ends at event ${stored.length} of ${page.last_seq}.`);
  }
  for (const [what, list] of Object.entries({ 'the ledger': stored, 'the live stream': events })) {
    const hole = list.findIndex((each, index) => each.seq !== index + 1 || each.type === 'gap');
    insist(hole < 0 && list.length === stored.length, `${name}: ${what} has a hole at event ${hole + 1}.`);
  }
  const model = await client.file(run.id, 'final/adapter_model.safetensors');
  const { byteLength } = await model.arrayBuffer();
  const losses = lossesOf(watched);
  const loss = `loss ${losses[0].toFixed(2)} → ${losses.at(-1).toFixed(2)}`;
  const sample = events.findLast(each => each.kind === 'sample');
  say(name, `done: ${loss}, adapter ${(byteLength / 1e6).toFixed(1)} MB, ${stored.length} events without a hole`);
  say('', `it writes for ${sample.name.split('\n').at(-4)} ${sample.text.trim()}`);
};

const story = async (client, folder) => {
  const started = performance.now();
  await bringUp(client, 'provider: local\nname: demo\ncpus: 2\n');
  say('Cluster', `ready after ${seconds(performance.now() - started)}`);
  const first = await submit(client, folder, 'Run 1');
  sayStart('Run 1', first);
  editHooks(folder);
  say('Edit', `hooks.py: ${EDITED}`);
  const second = await submit(client, folder, 'Run 2');
  insist(stepOf(first) < STEPS, 'Run 1 was over before run 2 had its first step.');
  sayStart('Run 2', second, `, run 1 at step ${stepOf(first)} of ${STEPS}`);
  await profile(second);
  await killAgent(client, [first, second]);
  await check(client, first);
  await check(client, second);
  insist(!printed(first).includes(MARK), 'Run 1 has executed code that was written after it began.');
  insist(printed(second).includes(MARK), 'Run 2 has not executed the edited hooks.py.');
  insist(lossesOf(first)[0] !== lossesOf(second)[0], 'The edited loss gives the same numbers as before.');
};

const started = performance.now();
// Short: sockets of Ray lie below it.
const scratch = mkdtempSync(join(tmpdir(), 'bottega-'));
const home = join(scratch, 'home');
mkdirSync(home, { mode: 0o700 });
let client;
try {
  client = await connect({ home });
  await story(client, makeProject(scratch));
} catch (error) {
  console.error(`✗ ${sentenceOf(error)}`);
  if (existsSync(join(home, 'agent.log'))) {
    const lines = readFileSync(join(home, 'agent.log'), 'utf8').trimEnd().split('\n');
    console.error(['The end of the log of the agent:', ...lines.slice(-20)].join('\n'));
  }
  process.exitCode = 1;
}
try {
  client?.dispose();
  await bringDown(home);
} catch (error) {
  console.error(`✗ Not everything could be stopped. ${sentenceOf(error)}`);
  process.exitCode = 1;
}
rmSync(scratch, { recursive: true, force: true });
if (!process.exitCode) console.log(`✓ Everything held, in ${seconds(performance.now() - started)}.`);
