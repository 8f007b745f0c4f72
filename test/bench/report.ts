// docs/performance.md, made of what the benchmarks wrote last.
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { repository } from '../cluster/workplace.ts';
import { phasesInWords, type Conditions, type Result } from './result.ts';

export interface Benchmark {
  /** What is measured, for somebody who reads only the numbers. */
  about: string;
  measure(): Promise<Result[]>;
}

export const benchmarks = join(import.meta.dirname, 'benchmarks');
export const results = join(import.meta.dirname, 'results');
export const reportFile = join(repository, 'docs/performance.md');

export const loadBenchmark = async (name: string): Promise<Benchmark> =>
  (await import(pathToFileURL(join(benchmarks, `${name}.ts`)).href)) as Benchmark;

const INTRODUCTION = `# Performance

Every number here is written by \`npm run bench -- <name>\`, which also keeps it in \`test/bench/results/<name>.json\`.
Ours and the alternative are measured in turns in the same minutes on the same machine; a ratio above 1 means that ours
is better. p50 and p95 are values that were measured (nearest rank). The load is the mean number of processes that
wanted a core in the last minute of a measurement, the measurement itself included.

Nothing has been measured on a GPU yet.
`;

/** The text of docs/performance.md. Raises when a result belongs to no benchmark. */
export const report = async (): Promise<string> => {
  const names = (await readdir(results)).map(file => basename(file, '.json')).sort();
  const sections = await Promise.all(names.map(sectionOf));
  const options = await resolveConfig(reportFile);
  return format([INTRODUCTION, ...sections].join('\n'), { ...options, filepath: reportFile });
};

const sectionOf = async (name: string): Promise<string> => {
  const { about } = await loadBenchmark(name);
  const found = JSON.parse(await readFile(join(results, `${name}.json`), 'utf8')) as Result[];
  const lines = ['| | ours p50 | p95 | samples | alternative | its p50 | p95 | ratio | load |'];
  lines.push('| --- | --: | --: | --: | --- | --: | --: | --: | --: |');
  for (const { name, unit, ours, alternative, ratio, conditions } of found) {
    const [p50, p95, theirP50, theirP95] = [ours.p50, ours.p95, alternative.p50, alternative.p95].map(value =>
      inUnit(value, unit)
    );
    const tail = ours.p99 === undefined ? '' : `, p99 ${inUnit(ours.p99, unit)}`;
    const cells = [name, p50, `${p95}${tail}`, ours.samples, alternative.label, theirP50, theirP95];
    lines.push(`| ${[...cells, `${rounded(ratio)}×`, rounded(conditions.load)].join(' | ')} |`);
  }
  const [first] = found;
  const phases = phasesInWords(found).map(line => `- ${line}`);
  if (phases.length) phases.unshift('Where the time goes, as the runs say it (median of each phase):', '');
  return [`## ${name}`, about, lines.join('\n'), phases.join('\n'), first ? inWords(first.conditions) : ''].join(
    '\n\n'
  );
};

/** No more digits than mean something. */
const rounded = (value: number): number => Number(value.toPrecision(3));

const inUnit = (value: number, unit: string): string =>
  unit === 's' && value < 1 ? `${rounded(value * 1000)} ms` : `${rounded(value)} ${unit}`;

const inWords = ({ date, cores, versions }: Conditions): string => {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${date.slice(0, 10)} on ${cores} cores, with ${names.join(', ')}.\n`;
};
