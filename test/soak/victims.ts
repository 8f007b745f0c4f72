import { until } from '../cluster/until.ts';
import { isAgent, isEngine, isKeeper, processesOf, type Found } from '../cluster/processes.ts';

/** Whom a round kills. */
export const victims = ['rank', 'base', 'zygote', 'keeper', 'engine', 'agent', 'head'] as const;
export type Victim = (typeof victims)[number];

const PATIENCE_MS = 30_000;

const isVictim: Record<Victim, (found: Found) => boolean> = {
  rank: ({ name }) => /^rank\d/.test(name),
  base: ({ name }) => name === 'bottega-base',
  zygote: ({ name }) => name === 'bottega-zygote',
  keeper: isKeeper,
  engine: isEngine,
  agent: isAgent,
  head: ({ name }) => name === 'gcs_server'
};

/** Kills one of them with SIGKILL, waiting until there is one; false when none comes. */
export const kill = (victim: Victim, home: string, pick: (length: number) => number): Promise<boolean> =>
  until(
    `a process to kill: ${victim}`,
    () => {
      const found = processesOf(home).filter(isVictim[victim]);
      const chosen = found[pick(found.length)];
      if (!chosen) return undefined;
      process.kill(chosen.pid, 'SIGKILL');
      return true;
    },
    PATIENCE_MS,
    20
  ).catch(() => false);

/** Processes that work in the folder of a run. */
export const processesOfRun = (home: string, run: string): number[] =>
  processesOf(home)
    .filter(({ folder }) => folder.includes(`/runs/${run}/`))
    .map(({ pid }) => pid);
