import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The two ends of the wire. Nobody else sees these addresses: both ends lie in namespaces of their own. */
export const AGENT_ADDRESS = '10.93.0.1';
export const CLUSTER_ADDRESS = '10.93.0.2';

const isIdentified = (child: ChildProcess): child is ChildProcess & { pid: number } => child.pid !== undefined;

/** Why network namespaces cannot be made here; undefined when they can. */
export const whyNoNamespaces = (): string | undefined => {
  if (process.platform !== 'linux') return 'Network namespaces exist on Linux only.';
  if (process.getuid?.() !== 0) return 'Making a network namespace needs root.';
  try {
    execFileSync('unshare', ['--net', '--mount', '--pid', '--fork', 'ip', 'link', 'add', 'probe', 'type', 'veth'], {
      stdio: 'pipe'
    });
    return undefined;
  } catch (error) {
    return `Network namespaces with a veth pair cannot be made here: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`;
  }
};

/**
 * Two computers on one: `agent` and `cluster` each have a network of their own with one wire between them and nothing
 * else; `cluster` also has its own mounts and processes. They are gone with the two processes that hold them.
 */
export class Namespaces {
  readonly #agent: ChildProcess & { pid: number };
  readonly #cluster: ChildProcess & { pid: number };

  private constructor(agent: ChildProcess & { pid: number }, cluster: ChildProcess & { pid: number }) {
    this.#agent = agent;
    this.#cluster = cluster;
  }

  static async make(): Promise<Namespaces> {
    const agent = await hold(['--net']);
    const cluster = await hold(['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child=KILL']);
    const namespaces = new Namespaces(agent, cluster);
    namespaces.#wire();
    return namespaces;
  }

  /** The command line that runs a command on the agent's side. */
  onAgentSide(command: string[]): string[] {
    return ['nsenter', `--target=${this.#agent.pid}`, '--net', '--', ...command];
  }

  onClusterSide(command: string[]): string[] {
    return ['nsenter', `--target=${this.#clusterInit()}`, '--net', '--mount', '--pid', '--', ...command];
  }

  /** Ends every process on the cluster's side, and both sides. */
  async end(): Promise<void> {
    for (const child of [this.#cluster, this.#agent]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  /** The first process of the cluster's side; unshare itself stays outside of the process namespace it made. */
  #clusterInit(): number {
    return Number(readFileSync(`/proc/${this.#cluster.pid}/task/${this.#cluster.pid}/children`, 'utf8'));
  }

  #wire(): void {
    const onAgentSide = (...command: string[]) => exec(this.onAgentSide(command));
    onAgentSide(
      'ip',
      'link',
      'add',
      'wire-a',
      'type',
      'veth',
      'peer',
      'name',
      'wire-c',
      'netns',
      String(this.#clusterInit())
    );
    onAgentSide('ip', 'address', 'add', `${AGENT_ADDRESS}/30`, 'dev', 'wire-a');
    for (const device of ['wire-a', 'lo']) onAgentSide('ip', 'link', 'set', device, 'up');
    const onClusterSide = (...command: string[]) => exec(this.onClusterSide(command));
    onClusterSide('ip', 'address', 'add', `${CLUSTER_ADDRESS}/30`, 'dev', 'wire-c');
    for (const device of ['wire-c', 'lo']) onClusterSide('ip', 'link', 'set', device, 'up');
  }
}

/** A process that keeps namespaces alive until it ends; it is in them when it has said so. */
const hold = async (namespaces: string[]): Promise<ChildProcess & { pid: number }> => {
  const holder = ['sh', '-c', 'echo here; exec sleep infinity'];
  const child = spawn('unshare', [...namespaces, ...holder], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!isIdentified(child)) throw new Error('unshare could not be started.');
  const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  if (String(first).trim() !== 'here') throw new Error(`unshare ended: ${String(first)}`);
  return child;
};

const exec = ([command = '', ...args]: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
