import { performance } from 'node:perf_hooks';
import type { RunEvent, StartLevel } from '@bottega/schema';
import type { Workplace } from '../cluster/workplace.ts';

/** Seconds from saving a file to the first line of the training code and to its first optimizer step. */
export interface Marks {
  line: number;
  step: number;
}

/** What the run itself says of its start: milliseconds by phase. */
export type Phases = Record<string, number>;

/** A config of the project, and how its first optimizer step shows in the event log. */
export interface Loop {
  config: string;
  /** The level it must start at; null for any. */
  level: StartLevel | null;
  isStep(event: RunEvent): boolean;
}

export const isFirstMetric = (event: RunEvent): boolean => event.type === 'metric' && event.step === 1;

export const save = (workplace: Workplace, scale: number): Promise<void> =>
  workplace.edit('hooks.py', text => text.replace(/SCALE = [\d.]+/, `SCALE = ${scale}`));

/**
 * Saves an edited module, runs, follows the run to its end, and notes when things reached this client. Fails when the
 * edit did not get there, or when the run did not start at the level that is measured.
 */
export const measureLoop = async (
  workplace: Workplace,
  { config, level, isStep }: Loop,
  scale: number
): Promise<Marks & { phases: Phases }> => {
  const start = performance.now();
  await save(workplace, scale);
  const run = await workplace.run(config, 'bench');
  const phases: Phases = {};
  let line: number | undefined;
  let step: number | undefined;
  let started = '';
  let output = '';
  for await (const event of run.events(1, AbortSignal.timeout(120_000))) {
    const seconds = (performance.now() - start) / 1000;
    if (event.type === 'output') {
      line ??= seconds;
      output += event.text;
    }
    if (event.type === 'phase') phases[event.name] = event.duration_ms;
    if (event.type === 'start') started = event.level;
    if (isStep(event)) step ??= seconds;
  }
  if (line === undefined || step === undefined) throw new Error(`The run ${run.id} made no step:\n${output}`);
  if (!output.includes(`scale ${scale}`)) throw new Error(`The run ${run.id} ran without the edit:\n${output}`);
  if (level !== null && started !== level) {
    throw new Error(`The run ${run.id} started ${started} where ${level} is measured.`);
  }
  return { line, step, phases };
};
