import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FollowedRun } from '@bottega/client/node';
import type { RunState } from '@bottega/schema';
import { serversOf } from '../../cluster/processes.ts';
import { until } from '../../cluster/until.ts';
import { Workplace } from '../../cluster/workplace.ts';
import { MemorySamples } from '../memory-samples.ts';
import { compareTimes, type Result } from '../result.ts';
import { SteadyRun } from '../steady-run.ts';

const RUNS = 50;
const ROUNDS = Number(process.env['BENCH_SAMPLES'] ?? 4);
const LINES_A_SECOND = 1_000_000 / 60 / RUNS;
/** As long as all need to start and to be measured. */
const PRINTING_S = 40;
const ROUND_S = 10;
const SETTLE_S = 5;

export const about = 'Fifty scripts print a million lines a minute together, beside a training.';

/** The mean training step while fifty runs print, against the same scripts with their output thrown away, in turns. */
export const measure = async (): Promise<Result[]> => {
  const workplace = await Workplace.make();
  try {
    await copyFile(join(import.meta.dirname, '../logs/flood.py'), join(workplace.project, 'flood.py'));
    await workplace.up(`provider: local\nname: bench\ncpus: ${RUNS + 1}\n`);
    const steady = await SteadyRun.start(workplace, 'bench');
    const [alone, thrownAway, kept]: number[][] = [[], [], []];
    await together(workplace, steady, '');
    using memory = new MemorySamples(serversOf(workplace.home));
    for (let round = 0; round < ROUNDS; round += 1) {
      alone?.push(await steady.pace(ROUND_S));
      thrownAway?.push(await together(workplace, steady, '/dev/null'));
      kept?.push(await together(workplace, steady, ''));
    }
    const thirds = memory.thirds();
    await steady.end();
    const name = `mean training step while ${RUNS} runs print`;
    return [
      compareTimes(name, kept ?? [], 'their output thrown away', thrownAway ?? []),
      compareTimes(`${name}, with the scripts`, kept ?? [], 'neither', alone ?? []),
      ...thirds
    ];
  } finally {
    await workplace.end();
  }
};

/** Seconds of the mean step while all print. Fails when a line is missing in the end. */
const together = async (workplace: Workplace, steady: SteadyRun, target: string): Promise<number> => {
  const command = `flood.py ${LINES_A_SECOND} ${PRINTING_S} ${target}`;
  await workplace.write('flood.run.yaml', `kind: script\ncommand: ${command}\n`);
  const submitted = Array.from({ length: RUNS }, () => workplace.run('flood.run.yaml', 'bench'));
  const runs = await Promise.all(submitted);
  await allAre(workplace, runs, ['running'], PRINTING_S - ROUND_S - SETTLE_S);
  // Every process is there, and prints in a moment.
  await sleep(SETTLE_S * 1000);
  const seconds = await steady.pace(ROUND_S);
  await allAre(workplace, runs, ['done'], 2 * PRINTING_S);
  if (!target) await Promise.all(runs.map(run => checkLines(workplace, run)));
  return seconds;
};

const allAre = ({ client }: Workplace, runs: FollowedRun[], states: RunState[], seconds: number) =>
  until(
    `${RUNS} runs to be ${states.join(' or ')}`,
    async () => {
      for (const { id } of runs) {
        const run = await client.run(id);
        if (run.state === 'failed' || run.state === 'lost') throw new Error(`${id} is ${run.state}: ${run.reason}`);
        if (!states.includes(run.state)) return undefined;
      }
      return true as const;
    },
    seconds * 1000,
    500
  );

/** The last line says how many there are before it. */
const checkLines = async ({ client }: Workplace, { id }: FollowedRun): Promise<void> => {
  const { total } = await client.lines(id, 1, 1);
  const [last] = (await client.lines(id, total, 1)).lines;
  const printed = Number(/^printed (\d+) lines/.exec(last?.text ?? '')?.[1]);
  if (printed !== total - 1) {
    throw new Error(`${id} has ${total} lines; its last one is ${JSON.stringify(last?.text)}.`);
  }
};
