import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const TERM_MS = 2_000;
const KILL_MS = 5_000;
const CHECK_EVERY_MS = 50;

/** A process and when it started (clock ticks since boot): together they never name another one. */
export interface ProcessMark {
  pid: number;
  start: number;
}

export interface FoundProcess extends ProcessMark {
  name: string;
  session: number;
}

/** Processes of one local cluster: how they are recognised. */
export interface Belonging {
  /** A random word in the environment that all of them inherit. */
  mark: string;
  /** The session they were started in. */
  session: number | null;
  processes: ProcessMark[];
}

export const MARK_VARIABLE = 'BOTTEGA_LOCAL_CLUSTER';

/**
 * Living processes of a cluster: those with its mark in their environment, those that were seen before and still have
 * the same start time, and, once one of these shows that the session is still ours, everything in the session (Ray's
 * workers overwrite their environment with a title). A reused pid is never among them. The kernel may be slow to tell of
 * a process that is just ending, so nobody waits for it but the caller.
 */
export const livingOf = async ({ mark, session, processes }: Belonging): Promise<FoundProcess[]> => {
  const all = await allProcesses();
  const known = new Set(processes.map(({ pid, start }) => `${pid}/${start}`));
  const isSure = await Promise.all(all.map(each => known.has(`${each.pid}/${each.start}`) || hasMark(each.pid, mark)));
  const sure = all.filter((_, index) => isSure[index]);
  if (session === null || !sure.some(each => each.session === session)) return sure;
  return [...new Set([...sure, ...all.filter(each => each.session === session)])];
};

/** Whether a process that was seen before is still there. */
export const isLiving = ({ pid, start }: ProcessMark): boolean => readProcess(pid)?.start === start;

/** TERM, two seconds, KILL. Resolves when none of them is left. */
export const endAll = async (belonging: Belonging): Promise<void> => {
  await signalAll(belonging, 'SIGTERM');
  if (await goneWithin(belonging, TERM_MS)) return;
  const deadline = Date.now() + KILL_MS;
  do await signalAll(belonging, 'SIGKILL');
  while (!(await goneWithin(belonging, 500)) && Date.now() < deadline);
};

const signalAll = async (belonging: Belonging, signal: NodeJS.Signals): Promise<void> => {
  for (const found of await livingOf(belonging)) {
    if (!isLiving(found)) continue;
    try {
      process.kill(found.pid, signal);
    } catch {
      // It ended between the look and the signal.
    }
  }
};

const goneWithin = async (belonging: Belonging, timeoutMs: number): Promise<boolean> => {
  const deadline = Date.now() + timeoutMs;
  while ((await livingOf(belonging)).length) {
    if (Date.now() > deadline) return false;
    await delay(CHECK_EVERY_MS);
  }
  return true;
};

const allProcesses = async (): Promise<FoundProcess[]> => {
  const names = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const stats = await Promise.all(names.map(name => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap((stat, index) => processIn(stat, Number(names[index])) ?? []);
};

/** Null when it is gone. */
export const readProcess = (pid: number): FoundProcess | null => {
  try {
    return processIn(readFileSync(`/proc/${pid}/stat`, 'utf8'), pid);
  } catch {
    return null;
  }
};

/** Null for none, and for a zombie: that one holds nothing any more and waits for its parent alone. */
const processIn = (text: string, pid: number): FoundProcess | null => {
  // The name is in parentheses and may itself hold spaces and parentheses.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  if (!text || fields[0] === 'Z' || fields[0] === 'X') return null;
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, end),
    session: Number(fields[3]),
    start: Number(fields[19])
  };
};

const hasMark = async (pid: number, mark: string): Promise<boolean> => {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    return environment.split('\0').includes(`${MARK_VARIABLE}=${mark}`);
  } catch {
    return false;
  }
};
