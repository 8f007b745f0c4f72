import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasEnded, type ErrorBody, type EventPage, type Run, type RunPage } from '@bottega/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Workbench } from '../agent.fixture.js';
import { applyEvent } from './fold.js';
import { newRun } from './fold.fixture.js';

/*
 * Whatever happens to a run, and in whatever order: an ended run never changes, numbers have no hole, the record is the
 * fold of the log, the log is what the engine said, and an id is one run, sent to an engine once.
 */

const IDS = ['run-000001', 'run-000002', 'run-000003'];
const CONFIG = 'kind: finetune\nmodel: m\ndata: {train: x}\nmax_steps: 9\n';

/** What a client knows. */
interface Model {
  /** Submitted and not deleted. */
  runs: Map<string, Run>;
  deleted: Set<string>;
  /** Runs that were seen to have ended, as they were. */
  ended: Map<string, Run>;
  isUp: boolean;
  engineDeaths: number;
}
type Real = Workbench;
type Step = (model: Model, real: Real) => Promise<void>;

class Command implements fc.AsyncCommand<Model, Real> {
  constructor(
    readonly name: string,
    readonly canRun: (model: Model) => boolean,
    readonly step: Step
  ) {}
  check = (model: Readonly<Model>): boolean => this.canRun(model);
  run = (model: Model, real: Real): Promise<void> => this.step(model, real);
  toString = (): string => this.name;
}

const submit = (id: string): Command =>
  new Command(
    `submit ${id}`,
    model => !model.deleted.has(id),
    async (model, real) => {
      const request = { id, config: CONFIG, folder: join(real.scratch, 'project'), cluster: 'local' };
      const [first, again] = await Promise.all([1, 2].map(() => real.call<Run>('POST', '/v1/runs', request)));
      for (const { status, body } of [first!, again!]) {
        if (status !== 200) {
          expect(model.isUp || model.runs.has(id), JSON.stringify(body)).toBe(false);
          continue;
        }
        const known = model.runs.get(id) ?? body;
        expect(body.created).toBe(known.created);
        model.runs.set(id, known);
      }
    }
  );

const other = (id: string): Command =>
  new Command(
    `submit something else as ${id}`,
    model => model.runs.has(id),
    async (_model, real) => {
      const request = { id, config: `${CONFIG}seed: 7\n`, folder: join(real.scratch, 'project'), cluster: 'local' };
      expect((await real.call<ErrorBody>('POST', '/v1/runs', request)).body.code).toBe('conflict');
    }
  );

const said = [
  { type: 'status', state: 'starting', reason: '' },
  { type: 'status', state: 'running', reason: '', max_steps: 9 },
  { type: 'output', rank: 0, stream: 'stdout', text: 'a line\n' },
  { type: 'metric', step: 3, values: { loss: 1.5, step_seconds: 0.1 } },
  { type: 'change', step: 4, values: { learning_rate: 1 }, before: {} },
  { type: 'status', state: 'done', reason: '' },
  { type: 'status', state: 'failed', reason: 'It broke.' }
];

const engineSays = (id: string, events: object[]): Command =>
  new Command(
    `engine of ${id}: ${JSON.stringify(events)}`,
    model => model.runs.has(id),
    (_model, { engine }) => {
      for (const event of events) if (engine.runs.has(id) && !engine.hasEnded(id)) engine.append(id, event);
      return Promise.resolve();
    }
  );

const repeats = (id: string, first: number, hole: number): Command =>
  new Command(
    `engine of ${id} repeats from ${first}, without ${hole}`,
    model => model.runs.has(id),
    (_model, { engine }) => {
      engine.repeat(id, events => events.filter(({ seq }) => seq >= first && seq !== hole));
      return Promise.resolve();
    }
  );

const stop = (id: string): Command =>
  new Command(
    `stop ${id}`,
    model => model.runs.has(id),
    async (_model, real) => {
      const { status, body } = await real.call<ErrorBody>('POST', `/v1/runs/${id}/stop`);
      // Without an engine, nobody can say that it stops; a broken connection may also break the request.
      if (status !== 200) expect(['cluster_unreachable', 'not_found', 'timeout']).toContain(body.code);
    }
  );

const remove = (id: string): Command =>
  new Command(
    `delete ${id}`,
    model => model.runs.has(id),
    async (model, real) => {
      const { status, body } = await real.call<ErrorBody>('DELETE', `/v1/runs/${id}`);
      if (status === 204) {
        model.runs.delete(id);
        model.ended.delete(id);
        model.deleted.add(id);
      } else expect(body.code).toBe('conflict');
      if (model.ended.has(id)) expect(status).toBe(204);
    }
  );

const change = (id: string): Command =>
  new Command(
    `change ${id}`,
    model => model.runs.has(id),
    async (model, real) => {
      const values = { learning_rate: 1e-3 };
      const { status, body } = await real.call<ErrorBody>('PATCH', `/v1/runs/${id}/config`, { values });
      if (model.ended.has(id)) expect(body.code).toBe('conflict');
      else if (status !== 204) expect(body.code).not.toBe('internal');
    }
  );

const always = (): boolean => true;
const disconnect = new Command('disconnect', always, (_model, real) => Promise.resolve(real.engine.breakConnections()));
const restartAgent = new Command('restart the agent', always, async (_model, real) => {
  await real.agent.stop();
  await real.startAgent();
});
const engineDies = new Command(
  'the engine dies',
  // After some deaths a cluster is given up, which is another story.
  model => model.isUp && model.engineDeaths === 0,
  async (model, real) => {
    model.engineDeaths += 1;
    const starts = real.engineStarts;
    await real.replaceEngine('second');
    await expect.poll(() => real.engineStarts, { timeout: 10_000 }).toBe(starts + 1);
    await real.untilCluster('ready');
  }
);
const stopCluster = new Command(
  'stop the cluster',
  model => model.isUp,
  async (model, real) => {
    await real.call('POST', '/v1/clusters/local/stop');
    await real.untilCluster('stopped');
    model.isUp = false;
  }
);
const startCluster = new Command(
  'start the cluster',
  model => !model.isUp,
  async (model, real) => {
    await real.up();
    model.isUp = true;
  }
);
const look = new Command('look', always, (model, real) => checkAll(model, real));

/** Until nothing is on its way any more: what goes on is known to the engine, and all it said is here. */
const settled = async (real: Real): Promise<Run[]> => {
  const list = async () => (await real.call<RunPage>('GET', '/v1/runs?limit=100')).body.runs;
  const isBehind = ({ id, state, last_seq: seq }: Run): boolean =>
    !hasEnded(state) && real.engine.runs.get(id)?.length !== seq;
  await expect.poll(async () => (await list()).filter(isBehind), { timeout: 10_000, interval: 20 }).toEqual([]);
  return list();
};

const folded = ({ state, started, ended, step, max_steps, loss, step_seconds, last_seq }: Run) => ({
  ...{ state, started, ended, step, max_steps, loss, step_seconds, last_seq }
});

const checkAll = async (model: Model, real: Real): Promise<void> => {
  const runs = await settled(real);
  expect(runs.map(run => run.id).sort()).toEqual([...model.runs.keys()].sort());
  for (const run of runs) {
    const { events, last_seq: last } = (await real.call<EventPage>('GET', `/v1/runs/${run.id}/events`)).body;
    expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(last).toBe(events.length);
    expect(folded(run)).toEqual(folded(events.reduce(applyEvent, newRun(run.id))));
    const before = model.ended.get(run.id);
    if (before) expect(run).toEqual(before);
    else if (hasEnded(run.state)) model.ended.set(run.id, run);
    if (!hasEnded(run.state)) expect(events).toEqual(real.engine.runs.get(run.id));
  }
  const sent = real.engine.submitted.map(each => each.id);
  expect(sent).toEqual([...new Set(sent)]);
};

const id = fc.constantFrom(...IDS);
const commands = fc.commands(
  [
    id.map(submit),
    id.map(submit),
    id.map(other),
    fc.tuple(id, fc.array(fc.constantFrom(...said), { minLength: 1, maxLength: 5 })).map(args => engineSays(...args)),
    fc.tuple(id, fc.array(fc.constantFrom(...said.slice(0, 5)), { minLength: 1 })).map(args => engineSays(...args)),
    fc.tuple(id, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).map(args => repeats(...args)),
    id.map(stop),
    id.map(remove),
    id.map(change),
    ...[disconnect, restartAgent, engineDies, stopCluster, startCluster, look].map(each => fc.constant(each))
  ],
  { maxCommands: 25 }
);

test('whatever happens to runs, the ledger tells the truth about each, once', { timeout: 180_000 }, async () => {
  const numRuns = Number(process.env['BOTTEGA_PROPERTY_RUNS'] ?? 15);
  await fc.assert(
    fc.asyncProperty(commands, async sequence => {
      const real = await Workbench.open();
      try {
        mkdirSync(join(real.scratch, 'project'));
        await real.up();
        const model: Model = { runs: new Map(), deleted: new Set(), ended: new Map(), isUp: true, engineDeaths: 0 };
        await fc.asyncModelRun(() => ({ model, real }), sequence);
        await checkAll(model, real);
      } finally {
        await real.close();
      }
    }),
    { numRuns, endOnFailure: numRuns < 100 }
  );
});
