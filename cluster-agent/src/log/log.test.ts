import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog } from './index.js';

test('the log never grows beyond two files of the limit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const path = join(folder, 'agent.log');
  const log = openLog(path);
  const text = 'x'.repeat(100_000);
  for (let line = 0; line < 120; line++) log.info(text);
  expect(existsSync(`${path}.1`)).toBe(true);
  for (const file of [path, `${path}.1`]) {
    expect(statSync(file).size).toBeLessThan(5.5 * 1024 * 1024);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  rmSync(folder, { recursive: true });
});
