import { readdirSync, readFileSync } from 'node:fs';
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
 * workers overwrite their environment with a title). A reused pid is never among them.
 */
export const livingOf = (belonging: Belonging): FoundProcess[] => {
  const all = allProcesses();
  const known = new Set(belonging.processes.map(({ pid, start }) => `${pid}/${start}`));
  const sure = all.filter(each => known.has(`${each.pid}/${each.start}`) || hasMark(each.pid, belonging.mark));
  const { session } = belonging;
  if (session === null || !sure.some(each => each.session === session)) return sure;
  return [...new Set([...sure, ...all.filter(each => each.session === session)])];
};

/** Whether a process that was seen before is still there. */
export const isLiving = ({ pid, start }: ProcessMark): boolean => readProcess(pid)?.start === start;

/** TERM, two seconds, KILL. Resolves when none of them is left. */
export const endAll = async (belonging: Belonging): Promise<void> => {
  signalAll(belonging, 'SIGTERM');
  if (await goneWithin(belonging, TERM_MS)) return;
  const deadline = Date.now() + KILL_MS;
  do signalAll(belonging, 'SIGKILL');
  while (!(await goneWithin(belonging, 500)) && Date.now() < deadline);
};

const signalAll = (belonging: Belonging, signal: NodeJS.Signals): void => {
  for (const found of livingOf(belonging)) {
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
  while (livingOf(belonging).length) {
    if (Date.now() > deadline) return false;
    await delay(CHECK_EVERY_MS);
  }
  return true;
};

const allProcesses = (): FoundProcess[] =>
  readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));

/** Null when it is gone, or is a zombie: that one holds nothing any more and waits for its parent alone. */
export const readProcess = (pid: number): FoundProcess | null => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The name is in parentheses and may itself hold spaces and parentheses.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, end),
    session: Number(fields[3]),
    start: Number(fields[19])
  };
};

const hasMark = (pid: number, mark: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK_VARIABLE}=${mark}`);
  } catch {
    return false;
  }
};
