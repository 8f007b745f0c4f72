import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { endAll, livingOf, MARK_VARIABLE, readProcess, type Belonging } from './processes.js';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A shell in a session of its own; it says `up` when it is. */
const shell = async (script: string, mark?: string): Promise<ChildProcess & { pid: number }> => {
  const env = { PATH: process.env['PATH'], ...(mark === undefined ? {} : { [MARK_VARIABLE]: mark }) };
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env });
  children.push(child);
  await once(child.stdout, 'data');
  return child as ChildProcess & { pid: number };
};
const isAlive = (pid: number): boolean => readProcess(pid) !== null;
const belonging = (more: Partial<Belonging>): Belonging => ({ mark: 'none', session: null, processes: [], ...more });

test('what inherits the mark is found, also in another session', async () => {
  const mark = `test-${process.pid}-inherits`;
  const ours = await shell('setsid sleep 60 & echo up; wait', mark);
  const other = await shell('echo up; sleep 60');
  await expect
    .poll(async () => (await livingOf(belonging({ mark }))).filter(each => each.name === 'sleep').length)
    .toBe(1);
  await endAll(belonging({ mark }));
  expect(await livingOf(belonging({ mark }))).toEqual([]);
  expect([isAlive(ours.pid), isAlive(other.pid)]).toEqual([false, true]);
});

test('what hides its environment is found by the session, once the session is known to be ours', async () => {
  const mark = `test-${process.pid}-hides`;
  const ours = await shell('env -i sleep 60 & echo up; wait', mark);
  const found = async (session: number | null) =>
    (await livingOf(belonging({ mark, session }))).map(each => each.name).sort();
  await expect.poll(() => found(ours.pid)).toEqual(['sh', 'sleep']);
  expect(await found(null)).toEqual(['sh']);
  expect(await livingOf(belonging({ session: ours.pid }))).toEqual([]);
});

test('a process that does not mind TERM is killed', async () => {
  const mark = `test-${process.pid}-minds`;
  const stubborn = await shell('trap "" TERM; echo up; while :; do sleep 0.1; done', mark);
  await endAll(belonging({ mark }));
  expect(isAlive(stubborn.pid)).toBe(false);
});

test('a reused pid is never hit', async () => {
  const other = await shell('echo up; sleep 60');
  const start = readProcess(other.pid)?.start ?? 0;
  await endAll(belonging({ session: other.pid, processes: [{ pid: other.pid, start: start - 1 }] }));
  expect(isAlive(other.pid)).toBe(true);
  const found = await livingOf(belonging({ processes: [{ pid: other.pid, start }] }));
  expect(found.map(each => each.pid)).toEqual([other.pid]);
});

test('nobody waits while the kernel is asked about all processes', async () => {
  let hadTurn = false;
  setImmediate(() => (hadTurn = true));
  await livingOf(belonging({}));
  expect(hadTurn).toBe(true);
});
