import type { StartLevel } from '@bottega/schema';
import { freePort } from '../../cluster/free-port.ts';
import { Workplace } from '../../cluster/workplace.ts';
import { measureKeyPress } from '../key-press.ts';
import { makeLargeModel } from '../large-model.ts';
import { isFirstMetric, measureLoop, save, type Loop, type Marks, type Phases } from '../marks.ts';
import { RayJobs } from '../ray-jobs.ts';
import { compareTimes, medianPhases, type Result } from '../result.ts';

const SAMPLES = Number(process.env['BENCH_SAMPLES'] ?? 10);
const RAY = 'ray job submit';

interface Sample extends Marks {
  phases: Phases;
}

/** What people run, at each level, and as a Ray job: how its first step shows in the output there. */
const kinds = [
  {
    name: 'tiny LoRA',
    levels: { forked: 'forked.run.yaml', resident: 'tiny.run.yaml' },
    isStep: isFirstMetric,
    entrypoint: ['bottega-engine', 'run', 'tiny.run.yaml'],
    stepLine: /^step 1\b/
  },
  {
    name: 'own script',
    levels: { forked: 'script.run.yaml' },
    isStep: event => event.type === 'output' && event.text.includes('train: step 1\n'),
    entrypoint: ['python', 'train.py'],
    stepLine: /train: step 1\b/
  }
] satisfies (Pick<Loop, 'isStep'> & Record<string, unknown>)[];

export const about =
  'From saving an edited module to the first line of output and to the first optimizer step, as the person sees them; and from the key press in the browser to the frame that shows the step.';

/** From saving an edited module to the first line of output and to the first optimizer step, as the person sees them. */
export const measure = async (): Promise<Result[]> => {
  const results: Result[] = [];
  const workplace = await Workplace.make();
  let submitted: Marks[] = [];
  try {
    await prepare(workplace);
    const port = await freePort();
    await workplace.up(`provider: local\nname: bench\ndashboard_port: ${port}\n`);
    const jobs = new RayJobs(workplace, 'bench', port);
    for (const kind of kinds) {
      const { ours, theirs } = await takeTurns(workplace, kind.levels, kind.isStep, scale =>
        jobs.measure(kind.entrypoint, kind.stepLine, () => save(workplace, scale))
      );
      if (!submitted.length) submitted = theirs;
      for (const [level, samples] of Object.entries(ours)) {
        results.push(...compared(`${kind.name}, ${level}`, samples, RAY, theirs));
      }
    }
    const seen = await measureKeyPress(workplace, SAMPLES);
    const steps = submitted.map(each => each.step);
    results.push(compareTimes('tiny LoRA, resident: key press → pixel of the first step', seen, RAY, steps));
    // Not before: a Ray job carries its folder, of which Ray takes no more than 100 MiB.
    await makeLargeModel(workplace);
    const { ours } = await takeTurns(workplace, { forked: 'large-forked.run.yaml', resident: 'large.run.yaml' });
    results.push(...compared('322 MB LoRA, resident', ours['resident'] ?? [], 'forked', ours['forked'] ?? []));
  } finally {
    await workplace.end();
  }
  return results;
};

const prepare = async (workplace: Workplace): Promise<void> => {
  const config = (base: string, rest: string): string => `kind: finetune\nextends: ${base}\n${rest}`;
  await workplace.write('forked.run.yaml', config('tiny.run.yaml', 'start: forked\n'));
  // One short sequence a step: what is measured is what comes before it.
  const small = 'model: models/large\nper_device_train_batch_size: 1\nmax_steps: 2\n';
  await workplace.write('large.run.yaml', config('tiny.run.yaml', small));
  await workplace.write('large-forked.run.yaml', config('large.run.yaml', 'start: forked\n'));
};

/** One run of each after another, so that all meet the same machine. The first round is a warm-up. */
const takeTurns = async (
  workplace: Workplace,
  levels: Partial<Record<StartLevel, string>>,
  isStep: Loop['isStep'] = isFirstMetric,
  alternative?: (scale: number) => Promise<Marks>
): Promise<{ ours: Record<string, Sample[]>; theirs: Marks[] }> => {
  const ours: Record<string, Sample[]> = {};
  const theirs: Marks[] = [];
  for (let round = 0; round <= SAMPLES; round += 1) {
    for (const [number, [level, config]] of Object.entries(levels).entries()) {
      // The base model is loaded by the first run that needs it, which is a forked one.
      const expected = round === 0 ? null : (level as StartLevel);
      const sample = await measureLoop(workplace, { config, level: expected, isStep }, 1 + number + round / 1000);
      if (round > 0) (ours[level] ??= []).push(sample);
      console.log(`${config} ${round}: ${inWords(sample)}`);
    }
    if (!alternative) continue;
    const marks = await alternative(5 + round / 1000);
    if (round > 0) theirs.push(marks);
    console.log(`${RAY} ${round}: ${inWords(marks)}`);
  }
  return { ours, theirs };
};

const compared = (name: string, ours: Sample[], label: string, theirs: Marks[]): Result[] =>
  (
    [
      ['line', 'first log line'],
      ['step', 'first optimizer step']
    ] as const
  ).map(([mark, words]) => ({
    ...compareTimes(
      `${name}: save → ${words}`,
      ours.map(each => each[mark]),
      label,
      theirs.map(each => each[mark])
    ),
    ...(mark === 'step' ? { phases: medianPhases(ours.map(each => each.phases)) } : {})
  }));

const inWords = ({ line, step }: Marks): string => `${line.toFixed(3)} / ${step.toFixed(3)} s`;
