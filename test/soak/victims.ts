import { readdirSync, readFileSync } from 'node:fs';
import { until } from '../cluster/until.ts';

/** Whom a round kills. */
export const victims = ['rank', 'base', 'zygote', 'keeper', 'engine', 'agent', 'head'] as const;
export type Victim = (typeof victims)[number];

interface Found {
  pid: number;
  /** The name the process gives itself. */
  name: string;
  command: string;
  environment: Set<string>;
}

const isVictim: Record<Victim, (found: Found) => boolean> = {
  rank: ({ name }) => /^rank\d/.test(name),
  base: ({ name }) => name === 'bottega-base',
  zygote: ({ name }) => name === 'bottega-zygote',
  keeper: ({ command }) => command.includes('-m bottega_engine.node.keeper '),
  engine: ({ command }) => /^\S*python\S* -m bottega_engine\.service /.test(command),
  agent: ({ command }) => command.includes('cluster-agent/lib/main.js'),
  head: ({ name }) => name === 'gcs_server'
};

/** Every process that descends from the agent of a home, by the environment that it inherited. */
const processesOf = (home: string): Found[] =>
  readdirSync('/proc').flatMap(entry => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
      const environment = new Set(read('environ').split('\0'));
      if (!environment.has(`BOTTEGA_HOME=${home}`)) return [];
      const [name, command] = [read('comm').trim(), `${read('cmdline').split('\0').join(' ')} `];
      return [{ pid, name, command, environment }];
    } catch {
      // It ended since the folder was read.
      return [];
    }
  });

/** Kills one of them with SIGKILL, waiting until there is one; its pid. */
export const kill = async (victim: Victim, home: string, pick: (length: number) => number): Promise<number> =>
  until(
    `a process to kill: ${victim}`,
    () => {
      const found = processesOf(home).filter(isVictim[victim]);
      const chosen = found[pick(found.length)];
      if (!chosen) return undefined;
      process.kill(chosen.pid, 'SIGKILL');
      return chosen.pid;
    },
    30_000,
    20
  );

/** Processes that still belong to a run. */
export const processesOfRun = (home: string, run: string): number[] =>
  processesOf(home)
    .filter(({ environment }) => environment.has(`BOTTEGA_RUN_ID=${run}`))
    .map(({ pid }) => pid);
