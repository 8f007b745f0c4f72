// Speaks the agent's API over a real unix socket, without clusters behind it: runs submitted here print a few lines
// and end. Tests of the clients and of the Jupyter server half start it in place of cluster-agent/lib/main.js.
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { hasEnded } from '../../schema/lib/run.js';
import { API_VERSION } from '../../schema/lib/version.js';
import { history } from './history.mjs';
import { linePage, linesOf, searchPage, tailStart } from './lines.mjs';
import { recordTrace, rehearse } from './rehearsal.mjs';
import { cleanUp, storageOf } from './storage.mjs';

const home = process.argv[process.argv.indexOf('--home') + 1];
if (process.env.STAND_IN_FAILS) {
  console.error('The stand-in was told to fail.');
  process.exit(3);
}
mkdirSync(home, { recursive: true, mode: 0o700 });

const isAlive = path =>
  new Promise(resolve => {
    const socket = connect(path, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.end());
  });
try {
  const first = JSON.parse(readFileSync(join(home, 'agent.json'), 'utf8'));
  if (await isAlive(first.socket)) process.exit(0);
} catch {
  // No agent was here before.
}

const socketPath = join(tmpdir(), `stand-in-${randomBytes(6).toString('hex')}.sock`);
const apiVersion = Number(process.env.STAND_IN_API_VERSION ?? API_VERSION);
const started = Date.now();
const info = { name: 'bottega-agent', version: '0.1.0', api_version: apiVersion, pid: process.pid, started, home };
const clusters = new Map();
const runs = new Map();
const logs = new Map();
const followers = new Set();
const deletions = new Set();
for (const run of history(Number(process.env.STAND_IN_HISTORY ?? 0), join(home, '../root/docstrings'))) {
  runs.set(run.id, run);
  logs.set(run.id, []);
  // One of them is away: what lies there cannot be seen.
  const state = run.cluster === 'local' ? 'ready' : 'lost';
  const facts = { phases: [], nodes: [], since: started, observed: started };
  const reason = state === 'lost' ? 'It does not answer since a minute.' : '';
  const spec = { provider: 'local', name: run.cluster };
  if (!clusters.has(run.cluster)) clusters.set(run.cluster, { name: run.cluster, spec, state, reason, ...facts });
}

const json = (response, status, body) => {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Set-Cookie': 'agent=secret' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};
const fail = (response, status, code, message, more = {}) => json(response, status, { code, message, ...more });

const append = (run, event) => {
  const log = logs.get(run.id);
  log.push({ seq: log.length + 1, time: Date.now(), ...event });
  if (event.type === 'status') run.state = event.state;
  if (event.type === 'status' && event.state === 'running') run.started = Date.now();
  if (event.type === 'status' && hasEnded(event.state)) run.ended = Date.now();
  if (event.type === 'status') {
    const { reason, queue = null } = event;
    Object.assign(run, { reason, queue, max_steps: event.max_steps ?? run.max_steps });
  }
  if (event.type === 'start') run.start = event.level;
  if (event.type === 'metric') Object.assign(run, { step: event.step, loss: event.values.loss ?? null });
  run.last_seq = log.length;
  for (const each of followers) each(run);
};

const play = async run => {
  if (run.config.includes('# rehearse')) {
    const isOver = () => hasEnded(run.state);
    return rehearse(run.config, event => append(run, event), isOver);
  }
  const status = state => append(run, { type: 'status', state, reason: '' });
  status('running');
  const text = line => append(run, { type: 'output', rank: 0, stream: 'stdout', text: line });
  for (let step = 1; step <= 3 && run.state === 'running'; step += 1) {
    text(`step ${step} <b>bold</b>\n`);
    append(run, { type: 'metric', step, values: { loss: 3 - step / 2 } });
    await nextTurn();
  }
  if (run.state === 'running' && !run.config.includes('forever')) status('done');
};

const submit = (response, request) => {
  const wrong = request.config.split('\n').findIndex(line => line.includes('learning_rte'));
  if (wrong >= 0) {
    const place = { line: wrong + 1, column: 1, end_line: wrong + 1, end_column: 13 };
    const message = 'unknown key. Did you mean learning_rate?';
    const problems = [{ path: '/learning_rte', message, suggestion: 'learning_rate', ...place }];
    return fail(response, 400, 'invalid_config', 'The run config has 1 problem.', { problems });
  }
  if (!clusters.has(request.cluster)) {
    return fail(response, 404, 'not_found', `There is no cluster ${request.cluster}.`);
  }
  if (runs.has(request.id)) return json(response, 200, runs.get(request.id));
  const { id, cluster, folder, config, config_path = null, rerun_of = null, name = 'stand-in' } = request;
  const [, origin, step] = /^resume_from_checkpoint: ([\w-]+)(?:\/checkpoint-(\d+))?/m.exec(config) ?? [];
  const branch_of = origin ? { run: origin, step: step ? Number(step) : null } : null;
  const waiting = { branch_of, is_kept: false, start: null, queue: null };
  const nothing = { tree: null, started: null, ended: null, max_steps: 3, loss: null, step_seconds: null };
  const kind = config.includes('kind: finetune') ? 'finetune' : 'script';
  const record = { id, name, kind, cluster, folder, config_path, config, rerun_of, ...waiting, ...nothing };
  const run = { ...record, created: Date.now(), state: 'pending', reason: '', step: 0, last_seq: 0 };
  runs.set(id, run);
  logs.set(id, []);
  json(response, 200, run);
  void nextTurn().then(() => play(run));
};

const up = (response, { spec }) => {
  const name = /name:\s*(\S+)/.exec(spec)?.[1];
  const nothing = { phases: [], nodes: [], since: Date.now(), observed: Date.now(), reason: '' };
  clusters.set(name, { name, spec: { provider: 'local', name }, state: 'ready', ...nothing });
  json(response, 200, { ...clusters.get(name), state: 'starting' });
};

const sendFile = (request, response, sizeBytes) => {
  const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
  const length = first ? Number(last) - Number(first) + 1 : sizeBytes;
  const range = first ? { 'Content-Range': `bytes ${first}-${last}/${sizeBytes}` } : {};
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': length, ...range };
  response.writeHead(first ? 206 : 200, headers);
  let left = length;
  const more = () => {
    while (left > 0) {
      const chunk = Buffer.alloc(Math.min(left, 65536), 7);
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
};

const newestFirst = () => [...runs.values()].reverse();

/** What a field of the config was; null where it was not set. */
const valueBefore = ({ id, config }, key) => {
  const changed = logs.get(id).findLast(event => event.type === 'change' && key in event.values);
  const written = new RegExp(`^${key}: *([-+.\\de]+)`, 'm').exec(config)?.[1];
  return changed ? changed.values[key] : written === undefined ? null : Number(written);
};

const pageOf = ({ searchParams }) => {
  const [cluster, state, text] = ['cluster', 'state', 'filter'].map(key => searchParams.get(key));
  const limit = Number(searchParams.get('limit') ?? 50);
  const isIn = run =>
    state === 'active' ? !hasEnded(run.state) : state === 'ended' ? hasEnded(run.state) : run.state === state;
  const matching = newestFirst().filter(
    run =>
      (!cluster || run.cluster === cluster) &&
      (!state || isIn(run)) &&
      (!text || run.name.toLowerCase().includes(text.toLowerCase()) || run.id.includes(text.toLowerCase()))
  );
  const first = matching.findIndex(run => run.id === searchParams.get('before')) + 1;
  const page = matching.slice(first, first + limit);
  return { runs: page, next: matching.length > first + limit ? page.at(-1).id : null };
};

const remove = run => {
  runs.delete(run.id);
  logs.delete(run.id);
  for (const each of deletions) each(run.id);
};

const routes = [
  ['GET', /^\/v1\/info$/, (_, response) => json(response, 200, info)],
  ['GET', /^\/v1\/headers/, (request, response) => json(response, 200, { url: request.url, headers: request.headers })],
  [
    'POST',
    /^\/v1\/digest$/,
    async (request, response) => {
      const hash = createHash('sha256');
      for await (const chunk of request) hash.update(chunk);
      json(response, 200, { sha256: hash.digest('hex') });
    }
  ],
  ['GET', /^\/v1\/clusters$/, (_, response) => json(response, 200, [...clusters.values()])],
  ['POST', /^\/v1\/clusters$/, async (request, response) => up(response, await bodyOf(request))],
  [
    'POST',
    /^\/v1\/clusters\/([^/]+)\/stop$/,
    (_, response, name) => {
      const cluster = clusters.get(name);
      if (!cluster) return fail(response, 404, 'not_found', `There is no cluster ${name}.`);
      json(response, 200, Object.assign(cluster, { state: 'stopped' }));
    }
  ],
  [
    'GET',
    /^\/v1\/clusters\/([^/]+)\/dashboard\/$/,
    (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end('<title>Ray Dashboard</title>');
    }
  ],
  ['GET', /^\/v1\/runs$/, (request, response) => json(response, 200, pageOf(new URL(request.url, 'http://agent')))],
  ['GET', /^\/v1\/storage$/, (_, response) => json(response, 200, storageOf([...clusters.values()], newestFirst()))],
  [
    'POST',
    /^\/v1\/cleanup$/,
    async (request, response) =>
      json(response, 200, cleanUp(await bodyOf(request), [...clusters.values()], newestFirst(), remove))
  ],
  [
    'POST',
    /^\/v1\/runs\/([^/]+)\/keep$/,
    async (request, response, id) => {
      const run = Object.assign(runs.get(id), await bodyOf(request));
      for (const each of followers) each(run);
      json(response, 200, run);
    }
  ],
  [
    'PATCH',
    /^\/v1\/runs\/([^/]+)\/config$/,
    async (request, response, id) => {
      const { values } = await bodyOf(request);
      const run = runs.get(id);
      if (run.state !== 'running') return fail(response, 409, 'conflict', `${run.name} is not running.`);
      if (values.learning_rate <= 0) {
        const problems = [{ path: '/learning_rate', message: 'must be more than 0' }];
        return fail(response, 400, 'invalid_config', 'The change has 1 problem.', { problems });
      }
      json(response, 204);
      const before = Object.fromEntries(Object.keys(values).map(key => [key, valueBefore(run, key)]));
      setTimeout(() => append(run, { type: 'change', step: run.step + 1, values, before }), 800);
    }
  ],
  [
    'DELETE',
    /^\/v1\/runs\/([^/]+)$/,
    (_, response, id) => {
      const run = runs.get(id);
      if (run.is_kept) {
        const hint = { hint: 'Let go of it first.' };
        return fail(response, 409, 'conflict', `You keep the run ${run.name}.`, hint);
      }
      remove(run);
      json(response, 204);
    }
  ],
  ['POST', /^\/v1\/runs$/, async (request, response) => submit(response, await bodyOf(request))],
  [
    'GET',
    /^\/v1\/runs\/([^/]+)$/,
    (_, response, id) =>
      runs.has(id) ? json(response, 200, runs.get(id)) : fail(response, 404, 'not_found', `There is no run ${id}.`)
  ],
  [
    'POST',
    /^\/v1\/runs\/([^/]+)\/stop$/,
    (_, response, id) => {
      append(runs.get(id), { type: 'status', state: 'stopped', reason: 'Stopped by you.' });
      json(response, 200, runs.get(id));
    }
  ],
  [
    'POST',
    /^\/v1\/runs\/([^/]+)\/rerun$/,
    async (request, response, id) => {
      submit(response, { ...runs.get(id), ...(await bodyOf(request)), rerun_of: id });
    }
  ],
  [
    'POST',
    /^\/v1\/runs\/([^/]+)\/profile$/,
    (_, response, id) => {
      const run = runs.get(id);
      if (run?.config.includes('# rehearse')) recordTrace(run.step, event => append(run, event));
      json(response, 204);
    }
  ],
  [
    'GET',
    /^\/v1\/runs\/[^/]+\/traces\//,
    (_, response) => {
      if (!process.env.STAND_IN_TRACE) return fail(response, 404, 'not_found', 'There is no such trace.');
      const trace = readFileSync(process.env.STAND_IN_TRACE);
      response.writeHead(200, {
        'Content-Type': 'application/vnd.apache.arrow.stream',
        'Content-Length': trace.length
      });
      response.end(trace);
    }
  ],
  [
    'GET',
    /^\/v1\/runs\/([^/]+)\/events/,
    (request, response, id) => {
      const from = Number(new URL(request.url, 'http://agent').searchParams.get('from') ?? 1);
      json(response, 200, { events: logs.get(id).slice(from - 1, from + 999), last_seq: logs.get(id).length });
    }
  ],
  [
    'GET',
    /^\/v1\/runs\/([^/]+)\/previous$/,
    (_, response, id) => {
      const { folder, config_path, created } = runs.get(id);
      const fits = other => other.folder === folder && other.config_path === config_path && other.created < created;
      const run = [...runs.values()].filter(other => fits(other) && other.started !== null).at(-1) ?? null;
      json(response, 200, { run, phases: run ? logs.get(run.id).filter(event => event.type === 'phase') : [] });
    }
  ],
  [
    'GET',
    /^\/v1\/runs\/([^/]+)\/lines$/,
    (request, response, id) => json(response, 200, linePage(logs.get(id), new URL(request.url, 'http://agent')))
  ],
  [
    'GET',
    /^\/v1\/runs\/([^/]+)\/search$/,
    (request, response, id) => {
      try {
        json(response, 200, searchPage(logs.get(id), new URL(request.url, 'http://agent')));
      } catch (error) {
        fail(response, 400, 'invalid_request', `${error.message}.`);
      }
    }
  ],
  [
    'GET',
    /^\/v1\/runs\/[^/]+\/files\/zeros-(\d+)$/,
    (request, response, size) => sendFile(request, response, Number(size))
  ]
];

const bodyOf = async request => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
};

const server = createServer((request, response) => {
  for (const [method, pattern, answer] of routes) {
    const found = request.method === method && pattern.exec(request.url.split('?')[0]);
    if (found) return void answer(request, response, found[1]);
  }
  fail(response, 404, 'not_found', `There is nothing at ${request.url}.`);
});

const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, peer => (request.url === '/v1/stream' ? stream(peer) : echo(peer)));
});

const echo = peer => peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));

const stream = peer => {
  const next = new Map();
  const tails = new Map();
  let hasLedger = false;
  const push = run => {
    if (hasLedger) peer.send(JSON.stringify({ type: 'run', run }));
    const log = logs.get(run.id);
    while (next.get(run.id) <= run.last_seq) {
      const first = next.get(run.id) - 1;
      const events = log.slice(first, first + 1000);
      next.set(run.id, first + 1 + events.length);
      peer.send(JSON.stringify({ type: 'events', run: run.id, events, last_seq: run.last_seq }));
    }
    const tail = tails.get(run.id);
    while (tail?.next <= run.last_seq) {
      const page = log.slice(tail.next - 1, tail.next + 999);
      tail.next += page.length;
      const events = page.filter(({ type, seq }) => type !== 'output' || seq >= tail.start);
      const output = events.find(({ type }) => type === 'output');
      const line = output && { line: linesOf(log).firstLines.get(output.seq) };
      const message = { type: 'events', run: run.id, events, last_seq: run.last_seq, output: 'tail', ...line };
      if (events.length) peer.send(JSON.stringify(message));
    }
  };
  const pushDeletion = id => hasLedger && peer.send(JSON.stringify({ type: 'run_deleted', id }));
  followers.add(push);
  deletions.add(pushDeletion);
  peer.on('close', () => {
    followers.delete(push);
    deletions.delete(pushDeletion);
  });
  peer.on('message', data => {
    const request = JSON.parse(String(data));
    if (request.type === 'follow_ledger') {
      const all = { clusters: [...clusters.values()], runs: newestFirst().slice(0, 200) };
      peer.send(JSON.stringify({ type: 'ledger', ...all }));
      hasLedger = true;
    }
    const isTail = request.output === 'tail';
    if (request.type === 'unfollow') (isTail ? tails : next).delete(request.run);
    if (request.type !== 'follow') return;
    if (!runs.has(request.run)) {
      const error = { code: 'not_found', message: `There is no run ${request.run}.` };
      return peer.send(JSON.stringify({ type: 'error', run: request.run, error }));
    }
    if (isTail) tails.set(request.run, { next: request.from, start: tailStart(logs.get(request.run)) });
    else next.set(request.run, request.from);
    push(runs.get(request.run));
  });
};

const stop = () => {
  rmSync(join(home, 'agent.json'), { force: true });
  rmSync(socketPath, { force: true });
  process.exit(0);
};
process.on('SIGTERM', stop);

server.listen(socketPath, () => {
  chmodSync(socketPath, 0o600);
  const address = { socket: socketPath, pid: process.pid, version: info.version, api_version: apiVersion };
  writeFileSync(join(home, 'agent.json'), JSON.stringify(address), { mode: 0o600 });
});
// A test that is killed leaves nobody behind.
setTimeout(stop, Number(process.env.STAND_IN_MINUTES ?? 4) * 60_000).unref();
