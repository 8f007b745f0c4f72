import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repository, Workplace } from '../../cluster/workplace.ts';
import { until } from '../../cluster/until.ts';
import { processesOf, type Found } from '../../cluster/processes.ts';
import { makeLargeModel } from '../large-model.ts';
import { memoryOf } from '../memory.ts';
import { compare, compareTimes, type Result } from '../result.ts';

const SAMPLES = Number(process.env['BENCH_SAMPLES'] ?? 3);
const RUNS = 8;
const bin = join(repository, '.venv/bin');

export const about =
  'Eight LoRA runs on one base model: memory against as many processes of their own, time against one after another.';

/** LoRA runs on one base of 322 MB: memory against as many processes of their own, time against one after another. */
export const measure = async (): Promise<Result[]> => {
  const workplace = await Workplace.make();
  try {
    await prepare(workplace);
    await workplace.up(`provider: local\nname: bench\ncpus: ${RUNS}\n`);
    await together(workplace);
    const [shared, separate, atOnce, inTurn]: number[][] = [[], [], [], []];
    for (let sample = 1; sample <= SAMPLES; sample += 1) {
      const ours = await together(workplace);
      shared?.push(ours.memory);
      atOnce?.push(ours.seconds);
      inTurn?.push(await oneAfterAnother(workplace));
      separate?.push(await inProcessesOfTheirOwn(workplace));
      console.log(`${sample}: ${[shared, separate, atOnce, inTurn].map(each => each?.at(-1)?.toFixed(2)).join(' / ')}`);
    }
    return [
      compare(`${RUNS} LoRA runs on one base: memory`, 'GiB', shared ?? [], 'separate processes', separate ?? []),
      compareTimes(`${RUNS} LoRA runs on one base: until all are done`, atOnce ?? [], 'one after another', inTurn ?? [])
    ];
  } finally {
    await workplace.end();
  }
};

const prepare = async (workplace: Workplace): Promise<void> => {
  await makeLargeModel(workplace);
  const config = 'kind: finetune\nextends: tiny.run.yaml\nmodel: models/large\nper_device_train_batch_size: 1\n';
  await workplace.write('share.run.yaml', `${config}max_steps: 20\n`);
  await workplace.write('apart.run.yaml', 'kind: finetune\nextends: share.run.yaml\nstart: cold\n');
};

/** All at once on the cluster: their memory when each has made a step, with the base that they share. */
const together = async (workplace: Workplace): Promise<{ memory: number; seconds: number }> => {
  const start = performance.now();
  const runs = await Promise.all(Array.from({ length: RUNS }, () => workplace.run('share.run.yaml', 'bench')));
  const ended = Promise.all(runs.map(run => run.finished()));
  let memory = 0;
  const isOver = ended.then(() => true as const);
  while (!(await Promise.race([isOver, pause(200)]))) {
    memory = Math.max(memory, memoryOf(processesOf(workplace.home).filter(found => trains(found) || isKept(found))));
  }
  for (const run of await ended) if (run.state !== 'done') throw new Error(`${run.id} is ${run.state}: ${run.reason}`);
  return { memory, seconds: (performance.now() - start) / 1000 };
};

const trains = ({ name }: Found): boolean => /^rank\d/.test(name);
const isKept = ({ name }: Found): boolean => /^bottega-(base|zygote)/.test(name);

const pause = (ms: number): Promise<false> => new Promise(resolve => setTimeout(() => resolve(false), ms));

const oneAfterAnother = async (workplace: Workplace): Promise<number> => {
  const start = performance.now();
  for (let number = 0; number < RUNS; number += 1) await (await workplace.run('share.run.yaml', 'bench')).finished();
  return (performance.now() - start) / 1000;
};

/** The same training in as many new interpreters. */
const inProcessesOfTheirOwn = async (workplace: Workplace): Promise<number> => {
  const home = join(workplace.scratch, 'apart');
  const environment = { ...process.env, BOTTEGA_HOME: home };
  const options: SpawnOptions = { cwd: workplace.project, stdio: 'ignore', env: environment };
  const start = (): ChildProcess => spawn(join(bin, 'bottega-engine'), ['run', 'apart.run.yaml'], options);
  const children = Array.from({ length: RUNS }, start);
  const ended = children.map(child => once(child, 'exit'));
  let memory = 0;
  await until(
    'all processes to end',
    () => {
      memory = Math.max(memory, memoryOf(processesOf(home).filter(trains)));
      return children.every(child => child.exitCode !== null) ? true : undefined;
    },
    600_000,
    200
  );
  await Promise.all(ended);
  if (children.some(child => child.exitCode !== 0)) throw new Error('A process of its own failed.');
  return memory;
};
