// Runs one benchmark by name, prints its table, and writes test/bench/results/<name>.json and docs/performance.md.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { benchmarks, loadBenchmark, report, reportFile, results } from './report.ts';
import { phasesInWords } from './result.ts';

const [name = ''] = process.argv.slice(2);
if (!/^[a-z-]+$/.test(name) || !existsSync(join(benchmarks, `${name}.ts`))) {
  const names = (await readdir(benchmarks)).map(each => basename(each, '.ts'));
  console.error(`Name a benchmark: npm run bench -- <name>. There are: ${names.join(', ')}.`);
  process.exit(2);
}

const found = await (await loadBenchmark(name)).measure();

const seconds = (p50: number, p95: number, unit: string, p99?: number): string =>
  `${p50.toFixed(3)} ${unit} (p95 ${p95.toFixed(3)}${p99 === undefined ? '' : `, p99 ${p99.toFixed(3)}`})`;
console.table(
  Object.fromEntries(
    found.map(({ name, unit, ours, alternative, ratio }) => [
      name,
      {
        ours: seconds(ours.p50, ours.p95, unit, ours.p99),
        alternative: `${seconds(alternative.p50, alternative.p95, unit)} ${alternative.label}`,
        samples: ours.samples,
        ratio: `${ratio.toFixed(1)}×`
      }
    ])
  )
);
for (const line of phasesInWords(found)) console.log(line);

const target = join(results, `${name}.json`);
await mkdir(results, { recursive: true });
await writeFile(target, JSON.stringify(found, null, 2) + '\n');
await writeFile(reportFile, await report());
console.log(`Written to ${target} and ${reportFile}`);
