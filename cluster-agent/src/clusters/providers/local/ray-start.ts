import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { LocalClusterSpec } from '@bottega/schema';
import { BottegaError } from '../../../errors/index.js';
import { MARK_VARIABLE } from './processes.js';

const TIMEOUT_MS = 180_000;
const OUTPUT_BYTES = 6_000;
/** Ray rewrites 127.0.0.1 to the host's address on Linux unless it believes that clusters are for other systems. */
export const LOOPBACK_ONLY = { RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: '0' };

/** Ray gives a start up early on a machine that is busy, where waiting is faster than beginning again. */
const PATIENCE = {
  RAY_gcs_server_port_wait_time_s: '60',
  RAY_DASHBOARD_STARTUP_TIMEOUT_S: '120',
  RAY_raylet_start_wait_time_s: '150'
};

export interface RayStart {
  python: string;
  spec: LocalClusterSpec;
  mark: string;
  temporary: string;
  tokenFile: string;
  /** Where its output goes: a file, because the start goes on when the agent dies meanwhile. */
  logFile: string;
  dashboardPort: number;
  clientPort: number;
  /** Hears the session of the processes as soon as there is one. */
  onSession(session: number): void;
  signal: AbortSignal;
}

/** Throws cluster_start_failed when this Python cannot start Ray. */
export const requirePython = (python: string): void => {
  const failed = (message: string, hint: string) => new BottegaError('cluster_start_failed', message, { hint });
  const hint = 'Set BOTTEGA_PYTHON to the Python that has Ray, and start the agent again.';
  try {
    accessSync(python, constants.X_OK);
  } catch {
    throw failed(`BOTTEGA_PYTHON names ${python}, which is not a program on this machine.`, hint);
  }
  if (!existsSync(join(dirname(python), 'ray'))) throw failed(`The Python at ${python} does not have Ray.`, hint);
  if (!existsSync('/proc/self/stat')) {
    throw failed('A local cluster needs Linux.', 'Use provider: existing with a cluster on another machine.');
  }
};

/** Runs `ray start --head` in a session of its own and waits until it returns; the head goes on by itself. */
export const rayStart = (start: RayStart): Promise<void> =>
  new Promise((resolve, reject) => {
    if (existsSync(start.logFile)) renameSync(start.logFile, `${start.logFile}.1`);
    const log = openSync(start.logFile, 'w', 0o600);
    const child = spawn(join(dirname(start.python), 'ray'), argumentsOf(start), {
      detached: true,
      cwd: dirname(start.temporary),
      stdio: ['ignore', log, log],
      env: environmentOf(start)
    });
    closeSync(log);
    child.unref();
    if (child.pid !== undefined) start.onSession(child.pid);
    let isOver = false;
    const end = (error?: Error): void => {
      isOver = true;
      clearTimeout(timer);
      start.signal.removeEventListener('abort', abort);
      if (error) reject(error);
      else resolve();
    };
    const fail = (message: string): void => {
      if (!isOver) end(startFailed(message, tailOf(start.logFile)));
    };
    const abort = (): void => end(start.signal.reason as Error);
    const timer = setTimeout(() => fail(`Ray did not start within ${TIMEOUT_MS / 1000} seconds.`), TIMEOUT_MS);
    start.signal.addEventListener('abort', abort);
    child.on('error', error => end(startFailed('Ray could not be started.', String(error))));
    child.on('exit', code => (code === 0 ? end() : fail('Ray did not start.')));
  });

const tailOf = (file: string): string => readFileSync(file, 'utf8').slice(-OUTPUT_BYTES);

const argumentsOf = ({ spec, temporary, dashboardPort, clientPort }: RayStart): string[] => [
  ...['start', '--head', '--node-ip-address=127.0.0.1', '--port=0', '--disable-usage-stats'],
  ...['--dashboard-host=127.0.0.1', `--dashboard-port=${dashboardPort}`, '--include-dashboard=true'],
  ...['--dashboard-agent-listen-port=0', '--min-worker-port=0', '--max-worker-port=0'],
  ...[`--ray-client-server-port=${clientPort}`, `--temp-dir=${temporary}`],
  ...(spec.cpus === undefined ? [] : [`--num-cpus=${spec.cpus}`]),
  ...(spec.gpus === undefined ? [] : [`--num-gpus=${spec.gpus}`])
];

const environmentOf = (start: RayStart): NodeJS.ProcessEnv => {
  // A Ray or Python setting of the shell that opened JupyterLab must not leak into the cluster. Bytecode is written:
  // without it every start of a process costs seconds.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('RAY_') && name !== 'PYTHONDONTWRITEBYTECODE' && !name.startsWith('BOTTEGA_')
  );
  return {
    ...Object.fromEntries(inherited),
    ...LOOPBACK_ONLY,
    ...PATIENCE,
    PATH: `${dirname(start.python)}${delimiter}${process.env['PATH'] ?? ''}`,
    RAY_AUTH_MODE: 'token',
    RAY_AUTH_TOKEN_PATH: start.tokenFile,
    [MARK_VARIABLE]: start.mark
  };
};

const startFailed = (message: string, details: string): BottegaError =>
  new BottegaError('cluster_start_failed', message, { hint: 'What Ray said is in the details.', details });
