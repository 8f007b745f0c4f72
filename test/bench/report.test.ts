import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { report, reportFile } from './report.ts';

test('docs/performance.md says what the benchmarks measured last', async () => {
  expect(await readFile(reportFile, 'utf8')).toBe(await report());
});
