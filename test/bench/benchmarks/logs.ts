import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type FollowedRun } from '@bottega/client/node';
import type { Run } from '@bottega/schema';
import { freePort } from '../../cluster/free-port.ts';
import { serversOf } from '../../cluster/processes.ts';
import { Workplace } from '../../cluster/workplace.ts';
import type { FollowersReport } from '../logs/followers.ts';
import { MemorySamples } from '../memory-samples.ts';
import { RayJobs } from '../ray-jobs.ts';
import { compareTimes, secondsOf, type Result } from '../result.ts';
import { SteadyRun } from '../steady-run.ts';

const MINUTES = Number(process.env['BOTTEGA_LOGS_MINUTES'] ?? 5);
const ROUNDS = Number(process.env['BENCH_SAMPLES'] ?? 10);
const LINES_A_SECOND = 1_000_000 / 60;
const FOLLOWERS = 50;
const ROUND_S = 10;
const QUIET_S = 20;
const LAST_LINES = 1_000;
const RAY = 'ray job logs';
const bench = join(import.meta.dirname, '..');

export const about =
  'One script prints a million lines a minute, and fifty clients follow it on the same machine, beside a training.';

type Kind = 'panel' | 'all';

/** A million lines a minute from one run, with fifty clients that follow it on the same machine, beside a training. */
export const measure = async (): Promise<Result[]> => {
  const workplace = await Workplace.make();
  try {
    await copyFile(join(bench, 'logs/flood.py'), join(workplace.project, 'flood.py'));
    const port = await freePort();
    await workplace.up(`provider: local\nname: bench\ncpus: 4\ndashboard_port: ${port}\n`);
    const jobs = new RayJobs(workplace, 'bench', port);
    const { quiet, results } = await measureDelay(workplace, jobs);
    const steady = await SteadyRun.start(workplace, 'bench');
    results.push(...(await measureSteps(workplace, steady)));
    const { run, report, memory } = await flood(workplace, { seconds: MINUTES * 60 });
    await steady.end();
    if (report.holes) throw new Error(`${report.holes} numbers are missing.`);
    results.push(
      compareTimes(`print → client in a flood of ${report.lines} lines`, inSeconds(report.delays), 'quiet', quiet)
    );
    results.push(...memory.thirds(), ...(await measureReading(workplace, run, report.lines, jobs)));
    return results;
  } finally {
    await workplace.end();
  }
};

/** From print() to the client, ten lines a second, nothing else going on. */
const measureDelay = async (workplace: Workplace, jobs: RayJobs): Promise<{ quiet: number[]; results: Result[] }> => {
  const { report } = await flood(workplace, { seconds: QUIET_S, linesASecond: 10, followers: 1 });
  const theirs: number[] = [];
  await jobs.follow(['python', 'flood.py', '10', String(QUIET_S)], line => {
    const [, printed] = /^\d{9} (\d+\.\d)/.exec(line) ?? [];
    if (printed) theirs.push(Date.now() - Number(printed));
  });
  const quiet = inSeconds(report.delays);
  return { quiet, results: [compareTimes('print → client', quiet, `${RAY} --follow`, inSeconds(theirs))] };
};

/**
 * The mean step of the training alone, beside the script whose output is thrown away, and during the flood, in turns:
 * with nobody who follows, with fifty panels, and with fifty who read everything.
 */
const measureSteps = async (workplace: Workplace, steady: SteadyRun): Promise<Result[]> => {
  const steps: Record<'alone' | 'thrownAway' | 'unfollowed' | 'panels' | 'readers', number[]> = {
    ...{ alone: [], thrownAway: [], unfollowed: [], panels: [], readers: [] }
  };
  const beside = async (name: keyof typeof steps, flooding: Promise<unknown>): Promise<void> => {
    await sleep(3_000);
    steps[name].push(await steady.pace(ROUND_S));
    await flooding;
  };
  const seconds = ROUND_S + 4;
  for (let round = 0; round < ROUNDS; round += 1) {
    await beside('alone', Promise.resolve());
    await beside('thrownAway', flood(workplace, { seconds, followers: 0, target: '/dev/null' }));
    await beside('unfollowed', flood(workplace, { seconds, followers: 0 }));
    await beside('panels', flood(workplace, { seconds, kind: 'panel' }));
    await beside('readers', flood(workplace, { seconds }));
  }
  const { alone, thrownAway, unfollowed, panels, readers } = steps;
  const name = 'mean training step during the flood';
  const label = 'its output thrown away';
  return [
    compareTimes(`${name}, ${FOLLOWERS} panels follow`, panels, label, thrownAway),
    compareTimes(`${name}, nobody follows`, unfollowed, label, thrownAway),
    compareTimes(`${name}, ${FOLLOWERS} read everything`, readers, label, thrownAway),
    compareTimes(`${name}, ${FOLLOWERS} panels follow, with the script`, panels, 'neither', alone)
  ];
};

interface Flood {
  seconds: number;
  linesASecond?: number;
  followers?: number;
  /** What the followers do. */
  kind?: Kind;
  /** The file that the lines go to instead of the output. */
  target?: string;
}

const flood = async (
  workplace: Workplace,
  { seconds, linesASecond = LINES_A_SECOND, followers = FOLLOWERS, kind = 'all', target = '' }: Flood
) => {
  const command = `flood.py ${linesASecond} ${seconds} ${target}`;
  await workplace.write('flood.run.yaml', `kind: script\ncommand: ${command}\n`);
  const run = await workplace.run('flood.run.yaml', 'bench');
  using memory = new MemorySamples(serversOf(workplace.home));
  const report = followers ? await follow(workplace, run.id, followers, kind) : noReport;
  const { state, reason } = await ended(workplace, run.id);
  if (state !== 'done') throw new Error(`The flood ended as ${state}: ${reason}`);
  return { run, report, memory };
};

/** Without following it. */
const ended = async ({ client }: Workplace, id: string): Promise<Run> => {
  for (;;) {
    const run = await client.run(id);
    if (hasEnded(run.state)) return run;
    await sleep(500);
  }
};
const noReport: FollowersReport = { holes: 0, lines: 0, delays: [], megabytes: 0 };

const follow = async (workplace: Workplace, run: string, count: number, kind: Kind): Promise<FollowersReport> => {
  const socket = join(workplace.home, 'agent.sock');
  const args = [join(bench, 'logs/followers.ts'), socket, run, String(count), kind];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The followers ended with code ${code}.`);
  return JSON.parse(output) as FollowersReport;
};

/** When all is written: until the last lines are there, and until all lines have been searched. */
const measureReading = async (
  workplace: Workplace,
  run: FollowedRun,
  count: number,
  jobs: RayJobs
): Promise<Result[]> => {
  const [opened, searched, fetched]: number[][] = [[], [], []];
  const id = await jobs.follow(['python', 'flood.py', String(LINES_A_SECOND), '60'], () => undefined);
  for (let sample = 0; sample < 5; sample += 1) {
    opened?.push(await secondsOf(() => openAtEnd(workplace, run.id)));
    searched?.push(await secondsOf(() => searchAll(workplace, run.id, `${String(count).padStart(9, '0')} `)));
    fetched?.push(await secondsOf(() => jobs.log(id)));
  }
  const label = `${RAY}, of one million`;
  return [
    compareTimes(`last ${LAST_LINES} of ${count} lines: open → there`, opened ?? [], label, fetched ?? []),
    compareTimes(`search in ${count} lines`, searched ?? [], label, fetched ?? [])
  ];
};

const openAtEnd = async ({ client }: Workplace, run: string): Promise<void> => {
  const followed = new Promise<void>((resolve, reject) => {
    const tail = client.stream().follow(
      run,
      1,
      events => {
        if (events.at(-1)?.type !== 'status') return;
        tail.dispose();
        resolve();
      },
      error => reject(new Error(error.message)),
      { output: 'tail' }
    );
  });
  const { total } = await client.lines(run, 1, 1);
  const { lines } = await client.lines(run, total - LAST_LINES + 1, LAST_LINES);
  if (lines.length !== LAST_LINES) throw new Error(`There are ${lines.length} lines at the end.`);
  await followed;
};

const searchAll = async ({ client }: Workplace, run: string, text: string): Promise<void> => {
  let found = 0;
  for (let from: number | null = 1; from !== null;) {
    const page = await client.search(run, { text, from });
    found += page.lines.length;
    from = page.next;
  }
  if (found !== 1) throw new Error(`${text} was found ${found} times.`);
};

const inSeconds = (milliseconds: number[]): number[] => milliseconds.map(each => each / 1000);
