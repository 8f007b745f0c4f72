import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packEngine } from './engine-package.js';
import { readyLineOf } from './ready-line.js';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'package-')), 'bottega_engine');
  mkdirSync(join(folder, 'tests'), { recursive: true });
  mkdirSync(join(folder, '__pycache__'));
  writeFileSync(join(folder, '__init__.py'), 'x = 1\n');
  writeFileSync(join(folder, 'tests', 'test_x.py'), '');
  writeFileSync(join(folder, '__pycache__', 'x.pyc'), '');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

test('the same files make the same package, whatever their time stamps', () => {
  const before = packEngine([folder]);
  utimesSync(join(folder, '__init__.py'), 1, 1);
  expect(packEngine([folder])).toEqual(before);
  writeFileSync(join(folder, '__init__.py'), 'x = 2\n');
  expect(packEngine([folder]).name).not.toBe(before.name);
});

test('Python can import it, and tests and caches stay at home', () => {
  const zip = join(folder, '..', 'engine.zip');
  writeFileSync(zip, packEngine([folder]).bytes);
  const code = `import sys, zipfile; sys.path.insert(0, sys.argv[1]); import bottega_engine; print(bottega_engine.x, zipfile.ZipFile(sys.argv[1]).namelist())`;
  expect(execFileSync('python3', ['-c', code, zip], { encoding: 'utf8' })).toBe("1 ['bottega_engine/__init__.py']\n");
});

test('the ready line is found among others, and only when it is whole', () => {
  const line = '{"bottega_engine": {"port": 40123, "incarnation": "abc"}}';
  expect(readyLineOf(`a warning\n${line}\nmore`)).toEqual({ port: 40123, incarnation: 'abc' });
  expect(readyLineOf(`a warning\n${line.slice(0, 40)}`)).toBeNull();
  expect(readyLineOf('')).toBeNull();
});
