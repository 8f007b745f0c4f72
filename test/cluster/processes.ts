import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Found {
  pid: number;
  /** The name the process gives itself. */
  name: string;
  command: string;
  folder: string;
}

/** Every process of a home: each has a path in that home in its environment (the token of Ray, for example). */
export const processesOf = (home: string): Found[] =>
  readdirSync('/proc').flatMap(entry => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
      if (
        !read('environ')
          .split('\0')
          .some(each => each.endsWith(`=${home}`) || each.includes(`=${home}/`))
      ) {
        return [];
      }
      const [name, command] = [read('comm').trim(), `${read('cmdline').split('\0').join(' ')} `];
      return [{ pid, name, command, folder: readlinkSync(`/proc/${pid}/cwd`) }];
    } catch {
      // It ended since the folder was read.
      return [];
    }
  });

export const isAgent = ({ command }: Found): boolean => command.includes('cluster-agent/lib/main.js');
/** Ray starts the engine through a shell, whose command has the same words further on. */
export const isEngine = ({ command }: Found): boolean => /^\S*python\S* -m bottega_engine\.service /.test(command);
export const isKeeper = ({ command }: Found): boolean => command.includes('-m bottega_engine.node.keeper ');

/** What carries the events of a home with one cluster of one node. */
export const serversOf = (home: string): Record<'agent' | 'engine' | 'keeper', Found | undefined> => {
  const found = processesOf(home);
  return { agent: found.find(isAgent), engine: found.find(isEngine), keeper: found.find(isKeeper) };
};
