import { readFileSync } from 'node:fs';

/** Resident memory of a process in MiB, with what it shares with others. */
export const residentMiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/**
 * Memory of several processes together in GiB: pages that they share count once (proportional set size). Processes that
 * have ended count nothing.
 */
export const memoryOf = (processes: Iterable<{ pid: number }>): number => {
  let kilobytes = 0;
  for (const { pid } of processes) {
    try {
      const [, size = '0'] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
      kilobytes += Number(size);
    } catch {
      continue;
    }
  }
  return kilobytes / 2 ** 20;
};
