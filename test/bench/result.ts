import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { repository } from '../cluster/workplace.ts';

export interface Conditions {
  date: string;
  cores: number;
  /** Processes that wanted a core, mean of the last minute, at the end of the measurement. */
  load: number;
  versions: Record<string, string>;
}

/** One line of a benchmark. A ratio above 1 means that ours is better. */
export interface Result {
  name: string;
  unit: string;
  ours: { p50: number; p95: number; p99?: number; samples: number };
  alternative: { label: string; p50: number; p95: number };
  ratio: number;
  /** Where the time goes, as the run itself says it: the median of each phase, in milliseconds. */
  phases?: Record<string, number>;
  conditions: Conditions;
}

/** Nearest rank: always a value that was measured. */
const percentile = (samples: number[], share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('There are no samples.');
  return Number(value.toPrecision(4));
};

export const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

/** Compares two lists of times in seconds. */
export const compareTimes = (name: string, ours: number[], label: string, alternative: number[]): Result =>
  compare(name, 's', ours, label, alternative);

/** Compares two lists of measurements, of which the smaller is the better. */
export const compare = (name: string, unit: string, ours: number[], label: string, alternative: number[]): Result => {
  const [p50, theirs] = [percentile(ours, 0.5), percentile(alternative, 0.5)];
  return {
    name,
    unit,
    ours: { p50, p95: percentile(ours, 0.95), ...tail(ours), samples: ours.length },
    alternative: { label, p50: theirs, p95: percentile(alternative, 0.95) },
    ratio: Number((theirs / p50).toFixed(2)),
    conditions: conditions()
  };
};

/** The last third of measurements that came one after another against the first: whether it gets worse with time. */
export const compareThirds = (name: string, unit: string, samples: number[]): Result => {
  const third = Math.max(1, Math.floor(samples.length / 3));
  return compare(name, unit, samples.slice(-third), 'first third', samples.slice(0, third));
};

/** One in a hundred says something only of a hundred and more. */
const tail = (samples: number[]): { p99?: number } => (samples.length < 100 ? {} : { p99: percentile(samples, 0.99) });

export const medianPhases = (samples: Record<string, number>[]): Record<string, number> => {
  const names = new Set(samples.flatMap(each => Object.keys(each)));
  const medianOf = (name: string): number =>
    percentile(
      samples.flatMap(each => each[name] ?? []),
      0.5
    );
  return Object.fromEntries([...names].map(name => [name, medianOf(name)]));
};

/** A line for each result that knows its phases, slowest first: what to work on next. */
export const phasesInWords = (results: Result[]): string[] =>
  results.flatMap(({ name, phases }) => {
    const parts = Object.entries(phases ?? {}).sort(([, a], [, b]) => b - a);
    return parts.length ? [`${name}: ${parts.map(([phase, ms]) => `${phase} ${ms.toFixed(0)} ms`).join(', ')}`] : [];
  });

const conditions = (): Conditions => ({
  date: new Date().toISOString(),
  cores: cpus().length,
  load: Number((loadavg()[0] ?? 0).toFixed(2)),
  versions: { node: process.versions.node, ...pythonVersions() }
});

const pythonVersions = (): Record<string, string> => {
  const program = `import json, platform
from importlib.metadata import version
print(json.dumps({"python": platform.python_version(), **{name: version(name) for name in ("ray", "torch", "transformers")}}))`;
  return JSON.parse(execFileSync(join(repository, '.venv/bin/python'), ['-c', program], { encoding: 'utf8' }));
};
