import { expect, test } from 'vitest';
import { engineFailure } from './engine-failure.js';

const job = { status: 'FAILED' as const, message: 'Job entrypoint command failed with exit code 1' };

test.each([
  ["Traceback …\nModuleNotFoundError: No module named 'torch'\n", 'has no package torch'],
  ['/bin/sh: 1: python: not found\n', 'no python on its PATH'],
  ['bash: python: command not found\n', 'no python on its PATH'],
  ['Traceback …\nRuntimeError: something else\n', 'ended while it started']
])('an engine that printed %j', (log, says) => {
  const error = engineFailure(job, log);
  expect(error.code).toBe('engine_failed');
  expect(error.message).toContain(says);
  expect(error.hint).toBeTruthy();
  expect(error.details).toContain(log.trim().split('\n').at(-1));
  expect(error.details).toContain('exit code 1');
});
