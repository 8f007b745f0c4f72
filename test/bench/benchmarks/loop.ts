import { performance } from 'node:perf_hooks';
import type { RunEvent } from '@bottega/schema';
import type { FollowedRun } from '@bottega/client/node';
import { freePort } from '../../cluster/free-port.ts';
import { Workplace } from '../../cluster/workplace.ts';
import { compareTimes, type Result } from '../result.ts';
import { RayJobs, type Marks } from '../ray-jobs.ts';

const SAMPLES = Number(process.env['BENCH_SAMPLES'] ?? 10);

/** What is run, and how its first optimizer step shows: in its event log here, in the output of a Ray job there. */
const kinds = [
  {
    name: 'finetune',
    config: 'tiny.run.yaml',
    entrypoint: ['bottega-engine', 'run', 'tiny.run.yaml'],
    isStep: (event: RunEvent) => event.type === 'metric' && event.step === 1,
    stepLine: /^step 1\b/
  },
  {
    name: 'script',
    config: 'script.run.yaml',
    entrypoint: ['python', 'train.py'],
    isStep: (event: RunEvent) => event.type === 'output' && event.text.includes('train: step 1\n'),
    stepLine: /train: step 1\b/
  }
];

/** From saving an edited module to the first line of output and to the first optimizer step, as the person sees them. */
export const measure = async (): Promise<Result[]> => {
  const workplace = await Workplace.make();
  try {
    const port = await freePort();
    await workplace.up(`provider: local\nname: bench\ndashboard_port: ${port}\n`);
    const jobs = new RayJobs(workplace, 'bench', port);
    const results: Result[] = [];
    for (const kind of kinds) results.push(...(await measureKind(workplace, jobs, kind)));
    return results;
  } finally {
    await workplace.end();
  }
};

const measureKind = async (workplace: Workplace, jobs: RayJobs, kind: (typeof kinds)[number]): Promise<Result[]> => {
  const ours: Marks[] = [];
  const theirs: Marks[] = [];
  // The first of each is a warm-up. They take turns, so that both meet the same machine.
  for (let sample = 0; sample <= SAMPLES; sample += 1) {
    ours.push(await measureOurs(workplace, kind, 1 + sample / 1000));
    theirs.push(await jobs.measure(kind.entrypoint, kind.stepLine, () => save(workplace, 2 + sample / 1000)));
    console.log(`${kind.name} ${sample}: ours ${inWords(ours.at(-1))}, ray job submit ${inWords(theirs.at(-1))}`);
  }
  const label = 'ray job submit';
  const [our, their] = [ours.slice(1), theirs.slice(1)];
  return [
    compareTimes(
      `${kind.name}: save → first log line`,
      our.map(each => each.line),
      label,
      their.map(each => each.line)
    ),
    compareTimes(
      `${kind.name}: save → first optimizer step`,
      our.map(each => each.step),
      label,
      their.map(each => each.step)
    )
  ];
};

const inWords = (marks?: Marks): string => (marks ? `${marks.line.toFixed(3)} / ${marks.step.toFixed(3)} s` : '');

const save = (workplace: Workplace, scale: number): Promise<void> =>
  workplace.edit('hooks.py', text => text.replace(/SCALE = [\d.]+/, `SCALE = ${scale}`));

const measureOurs = async (workplace: Workplace, kind: (typeof kinds)[number], scale: number): Promise<Marks> => {
  const start = performance.now();
  await save(workplace, scale);
  const run = await workplace.run(kind.config, 'bench');
  const marks = await marksOf(run, start, kind.isStep, `scale ${scale}`);
  return marks;
};

/** Follows a run to its end and notes when things reached this client. Fails when the edit did not get there. */
const marksOf = async (
  run: FollowedRun,
  start: number,
  isStep: (event: RunEvent) => boolean,
  edit: string
): Promise<Marks> => {
  let line: number | undefined;
  let step: number | undefined;
  let output = '';
  for await (const event of run.events(1, AbortSignal.timeout(120_000))) {
    const seconds = (performance.now() - start) / 1000;
    if (event.type === 'output') {
      line ??= seconds;
      output += event.text;
    }
    if (isStep(event)) step ??= seconds;
  }
  if (line === undefined || step === undefined) throw new Error(`The run ${run.id} made no step:\n${output}`);
  if (!output.includes(edit)) throw new Error(`The run ${run.id} ran without the edit (${edit}):\n${output}`);
  return { line, step };
};
