import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../cluster/free-port.ts';
import { Workplace } from '../../cluster/workplace.ts';
import { measureLoop, save, type Phases } from '../marks.ts';
import { RayJobs } from '../ray-jobs.ts';
import { compareTimes, medianPhases, type Result } from '../result.ts';
import { SteadyRun } from '../steady-run.ts';

/** Small and pure Python; a version that nobody here has installed is what a person adds. The first is a warm-up. */
const versions = ['0.11.1', '0.11.2', '0.12.0', '0.12.1', '1.0.0', '1.1.0'].slice(
  0,
  Number(process.env['BENCH_SAMPLES'] ?? 5) + 1
);
const ALONE_S = 15;
const RAY = 'ray job submit, runtime_env pip';
const isStep = (event: { type: string; text?: string }): boolean =>
  event.type === 'output' && event.text?.includes('train: step 1\n') === true;

export const about = 'A small dependency is added to the config and the run started, while another run trains.';

/** From saving a dependency that is not there yet to the first optimizer step, while another run trains. */
export const measure = async (): Promise<Result[]> => {
  // What an earlier measurement downloaded is no part of this one; agent and cluster inherit it.
  const cache = await mkdtemp(join(tmpdir(), 'bottega-uv-'));
  process.env['UV_CACHE_DIR'] = cache;
  const workplace = await Workplace.make();
  try {
    const port = await freePort();
    await workplace.up(`provider: local\nname: bench\ndashboard_port: ${port}\n`);
    await workplace.edit('hooks.py', text => text.replace('SCALE =', 'import toolz\n\nSCALE ='));
    const jobs = new RayJobs(workplace, 'bench', port);
    const steady = await SteadyRun.start(workplace, 'bench');
    const seconds: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
    const steps: Record<'alone' | 'ours' | 'theirs', number[]> = { alone: [], ours: [], theirs: [] };
    const phases: Phases[] = [];
    for (const [round, version] of versions.entries()) {
      const alone = await steady.during(() => sleep(ALONE_S * 1000));
      const ours = await steady.during(() => measureOurs(workplace, version, 1 + round / 1000));
      const theirs = await steady.during(() =>
        jobs.measure(['python', 'train.py'], /train: step 1\b/, () => save(workplace, 2 + round / 1000), {
          pip: [`toolz==${version}`]
        })
      );
      console.log(
        `toolz ${version}: ours ${ours.result.step.toFixed(2)} s, ${RAY} ${theirs.result.step.toFixed(2)} s; ` +
          `steps meanwhile ${[alone, ours, theirs].map(each => milliseconds(each.stepSeconds)).join(' / ')}`
      );
      if (round === 0) continue;
      seconds.ours.push(ours.result.step);
      seconds.theirs.push(theirs.result.step);
      phases.push(ours.result.phases);
      steps.alone.push(...alone.stepSeconds);
      steps.ours.push(...ours.stepSeconds);
      steps.theirs.push(...theirs.stepSeconds);
    }
    await steady.end();
    const added = compareTimes('dependency added → first optimizer step', seconds.ours, RAY, seconds.theirs);
    return [
      { ...added, phases: medianPhases(phases) },
      compareTimes('step of another run meanwhile, against alone', steps.ours, 'alone', steps.alone),
      compareTimes('step of another run meanwhile, against a Ray job', steps.ours, RAY, steps.theirs)
    ];
  } finally {
    await workplace.end();
    await rm(cache, { recursive: true, force: true });
  }
};

const measureOurs = async (
  workplace: Workplace,
  version: string,
  scale: number
): Promise<{ step: number; phases: Phases }> => {
  await workplace.write('deps.run.yaml', `kind: script\ncommand: train.py\ndependencies: [toolz==${version}]\n`);
  const { step, phases } = await measureLoop(workplace, { config: 'deps.run.yaml', level: null, isStep }, scale);
  if (phases['environment'] === undefined) throw new Error(`toolz ${version} was there already.`);
  return { step, phases };
};

const milliseconds = (samples: number[]): string => {
  const sorted = [...samples].sort((a, b) => a - b);
  return `${((sorted[Math.floor(sorted.length / 2)] ?? 0) * 1000).toFixed(2)} ms`;
};
