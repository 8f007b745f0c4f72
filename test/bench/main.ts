// Runs one benchmark by name, prints its table and writes test/bench/results/<name>.json.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Result } from './result.ts';

const folder = import.meta.dirname;
const [name = ''] = process.argv.slice(2);
const file = join(folder, 'benchmarks', `${name}.ts`);
if (!/^[a-z-]+$/.test(name) || !existsSync(file)) {
  const names = (await readdir(join(folder, 'benchmarks'))).map(each => each.replace(/\.ts$/, ''));
  console.error(`Name a benchmark: npm run bench -- <name>. There are: ${names.join(', ')}.`);
  process.exit(2);
}

const { measure } = (await import(pathToFileURL(file).href)) as { measure(): Promise<Result[]> };
const results = await measure();

const seconds = (p50: number, p95: number, unit: string, p99?: number): string =>
  `${p50.toFixed(3)} ${unit} (p95 ${p95.toFixed(3)}${p99 === undefined ? '' : `, p99 ${p99.toFixed(3)}`})`;
console.table(
  Object.fromEntries(
    results.map(({ name, unit, ours, alternative, ratio }) => [
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

// Slowest first: what to work on next.
for (const { name, phases } of results) {
  if (!phases) continue;
  const parts = Object.entries(phases).sort(([, a], [, b]) => b - a);
  console.log(`${name}: ${parts.map(([phase, ms]) => `${phase} ${ms.toFixed(0)} ms`).join(', ')}`);
}

const target = join(folder, 'results', `${name}.json`);
await mkdir(join(folder, 'results'), { recursive: true });
await writeFile(target, JSON.stringify(results, null, 2) + '\n');
console.log(`Written to ${target}`);
