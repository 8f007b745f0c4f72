import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../cluster/workplace.ts';
import { compareTimes, type Result } from '../result.ts';

const SAMPLES = 5;
const SLICES = 400_000;
const python = join(repository, '.venv/bin/python');

const parseOnly = 'import gzip, json, sys; json.load(gzip.open(sys.argv[1]))';

export const about = 'A profiler trace is read into the columns that the viewer draws.';

/** From a gzipped trace on disk to columns the browser can draw, against reading the same file with Python's json. */
export const measure = async (): Promise<Result[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'bottega-bench-'));
  try {
    const trace = join(folder, 'trace-rank0.json.gz');
    execFileSync(python, [join(repository, 'test/fixtures/large_trace.py'), trace, String(SLICES)]);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let sample = 0; sample <= SAMPLES; sample += 1) {
      rmSync(`${trace}.arrow`, { force: true });
      ours.push(secondsOf([python, '-m', 'bottega_engine.traces', trace]));
      theirs.push(secondsOf([python, '-c', parseOnly, trace]));
    }
    const name = `trace of ${SLICES.toLocaleString('en')} slices: file → columns`;
    return [compareTimes(name, ours.slice(1), 'python json, parsing only', theirs.slice(1))];
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const secondsOf = ([command = '', ...args]: string[]): number => {
  const start = performance.now();
  execFileSync(command, args, { cwd: join(repository, 'native') });
  return (performance.now() - start) / 1000;
};
