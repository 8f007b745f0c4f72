import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Run, RunQuery } from '@bottega/schema';
import { connect, startAgent, type LocalClient } from '@bottega/client/node';
import { endAgent } from '../../cluster/agent.ts';
import { until } from '../../cluster/until.ts';
import { keepChanging, type ChangeTimes } from '../ledger/changes.ts';
import { pageOfFiles } from '../ledger/file-tracker.ts';
import { Followers } from '../ledger/followers.ts';
import { fillHome, RUNS, writeFiles } from '../ledger/full-home.ts';
import { residentMiB } from '../memory.ts';
import { compare, compareTimes, secondsOf, type Result } from '../result.ts';

const SAMPLES = Number(process.env['BENCH_SAMPLES'] ?? 300);
const FILE_SAMPLES = 8;
const FOLLOWERS = 500;
const FOLLOWED_MS = 10_000;
const FILES = 'folder of 10 000 JSON files';

interface Question {
  name: string;
  ask(sample: number): Partial<RunQuery>;
  matches(run: Run): boolean;
  skip: number;
}

const questions: Question[] = [
  { name: 'newest page', ask: () => ({}), matches: () => true, skip: 0 },
  {
    name: 'filter by text',
    ask: n => ({ filter: `seed ${n * 7}` }),
    matches: run => run.name.includes('seed 77'),
    skip: 0
  },
  { name: 'filter that nothing matches', ask: () => ({ filter: 'no such run' }), matches: () => false, skip: 0 },
  { name: 'filter by cluster', ask: () => ({ cluster: 'team' }), matches: run => run.cluster === 'team', skip: 0 },
  { name: 'filter by state', ask: () => ({ state: 'lost' }), matches: run => run.state === 'lost', skip: 0 },
  {
    name: 'filter by folder and config',
    ask: n => ({ folder: `/home/person/projects/project-${n % 20}`, config_path: 'finetune.run.yaml' }),
    matches: run => run.folder.endsWith('-7'),
    skip: 0
  }
];

export const about = 'A home of ten thousand runs, and five hundred clients that follow its changes.';

/** Lists of ten thousand runs while ten of them change ten times a second, and how 500 followers hear of it. */
export const measure = async (): Promise<Result[]> => {
  const scratch = await mkdtemp(join(tmpdir(), 'bottega-'));
  const home = join(scratch, 'home');
  try {
    const runs = await fillHome(home);
    await writeFiles(join(scratch, 'files'), runs);
    const started = await measureStart(home, join(scratch, 'empty'));
    const client = await connect({ home, start: false });
    const changing = runs.slice(-10).map(run => run.id);
    const lists = await during(client, changing, () => measureLists(client, join(scratch, 'files'), runs));
    const delivery = await measureFollowers(client, changing);
    const deletion = await measureDeletion(client, runs[0]!.id);
    client.dispose();
    return [started, ...lists, ...delivery, deletion];
  } finally {
    await endAgent(home);
    await endAgent(join(scratch, 'empty'));
    await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
};

const measureStart = async (full: string, empty: string): Promise<Result> => {
  const times: Record<string, number[]> = { [full]: [], [empty]: [] };
  for (let sample = 0; sample < 3; sample += 1) {
    for (const home of [full, empty]) {
      await endAgent(home);
      const start = performance.now();
      await startAgent(home);
      times[home]?.push((performance.now() - start) / 1000);
    }
  }
  return compareTimes(`start of the agent with ${RUNS} runs`, times[full] ?? [], 'with none', times[empty] ?? []);
};

const measureLists = async (client: LocalClient, files: string, runs: Run[]): Promise<Result[]> => {
  const results: Result[] = [];
  const deep = await deepCursor(client, runs.length - 100);
  const last: Question = {
    name: 'page 200',
    ask: () => ({ before: deep }),
    matches: () => true,
    skip: runs.length - 100
  };
  for (const { name, ask, matches, skip } of [...questions, last]) {
    const ours = await timesOf(SAMPLES, sample => client.runs(ask(sample)));
    const theirs = await timesOf(FILE_SAMPLES, () => pageOfFiles(files, matches, skip));
    results.push(compareTimes(`list: ${name}`, ours, FILES, theirs));
  }
  return results;
};

/** Where a deep page begins; pages are followed as a person does who scrolls. */
const deepCursor = async (client: LocalClient, skip: number): Promise<string> => {
  let before: string | null = null;
  for (let seen = 0; seen < skip; seen += 500) {
    const limit = Math.min(500, skip - seen);
    before = (await client.runs({ limit, ...(before === null ? {} : { before }) })).next;
  }
  if (before === null) throw new Error('There are too few runs.');
  return before;
};

const measureFollowers = async (client: LocalClient, changing: string[]): Promise<Result[]> => {
  const pid = (await client.info()).pid;
  const alone = await deliveryTo(client, changing, 1, pid);
  const many = await deliveryTo(client, changing, FOLLOWERS, pid);
  return [
    compareTimes(`a change reaches ${FOLLOWERS} followers`, many.delays, 'one follower', alone.delays),
    compareTimes(`list: newest page, with ${FOLLOWERS} followers`, many.lists, 'one follower', alone.lists),
    compare(`memory of the agent, ${FOLLOWERS} followers`, 'MiB', many.memory, 'one follower', alone.memory)
  ];
};

interface Delivery {
  delays: number[];
  lists: number[];
  memory: number[];
}

const deliveryTo = async (client: LocalClient, changing: string[], count: number, pid: number): Promise<Delivery> => {
  const followers = await Followers.open(client, count);
  const lists: number[] = [];
  const memory: number[] = [];
  let times: ChangeTimes = new Map();
  await during(
    client,
    changing,
    async () => {
      const end = performance.now() + FOLLOWED_MS;
      while (performance.now() < end) {
        lists.push(...(await timesOf(1, () => client.runs())));
        memory.push(residentMiB(pid));
        await delay(100);
      }
    },
    made => (times = made)
  );
  // What was changed last is still on its way.
  await delay(1_000);
  followers.close();
  const delays = followers.delays(times);
  const changes = [...times.values()].reduce((sum, made) => sum + made.length - 1, 0);
  console.log(
    `${count} followers: ${changes} changes, each told ${(delays.length / count / changes).toFixed(2)} times`
  );
  return { delays, lists, memory };
};

const measureDeletion = async (client: LocalClient, id: string): Promise<Result> => {
  const quiet = await timesOf(SAMPLES, () => client.runs());
  await client.deleteRun(id);
  const times = await timesOf(SAMPLES, () => client.runs());
  const isGone = async (): Promise<true | undefined> =>
    (await client.storage()).home.runs === RUNS - 1 ? true : undefined;
  await until('the run to be gone', isGone, 10_000);
  return compareTimes('list: newest page, while 100 000 events are deleted', times, 'before', quiet);
};

/** Runs the work while runs change, and hands over when they did. */
const during = async <T>(
  client: LocalClient,
  ids: string[],
  work: () => Promise<T>,
  onTimes: (times: ChangeTimes) => void = () => undefined
): Promise<T> => {
  const over = new AbortController();
  const changing = keepChanging(client, ids, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    const times = await changing;
    // They are let go again, so that the next changes begin with keeping.
    for (const id of ids) await client.keep(id, false);
    onTimes(times);
  }
};

const timesOf = async (samples: number, work: (sample: number) => Promise<unknown>): Promise<number[]> => {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) times.push(await secondsOf(() => work(sample)));
  return times;
};
