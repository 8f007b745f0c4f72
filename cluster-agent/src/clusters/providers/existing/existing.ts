import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExistingClusterSpec } from '@bottega/schema';
import { BottegaError } from '../../../errors/index.js';
import { RayDashboard, type Head } from '../../../ray/index.js';
import type { Observation, OnPhase, Provider } from '../../provider.js';

const UP_TIMEOUT_MS = 35_000;
const ASK_EVERY_MS = 500;

/** A Ray cluster that somebody else runs: the agent only looks at it and brings its engine. */
export class ExistingProvider implements Provider {
  constructor(private readonly spec: ExistingClusterSpec) {}

  async up(onPhase: OnPhase, signal: AbortSignal): Promise<Head> {
    const { address } = this.spec;
    onPhase('dashboard', `Waiting for an answer from ${address}.`);
    const deadline = Date.now() + UP_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.ask(signal);
      } catch (error) {
        const isSilent = error instanceof BottegaError && ['cluster_unreachable', 'timeout'].includes(error.code);
        if (!isSilent) throw error;
        if (Date.now() > deadline) {
          throw new BottegaError('cluster_unreachable', `No Ray Dashboard answers at ${address}.`, {
            hint: 'Check the address, and that this machine can reach it.',
            cause: error,
            details: error.details ?? error.message
          });
        }
      }
      await delay(ASK_EVERY_MS, undefined, { signal });
    }
  }

  async down(): Promise<void> {
    // The cluster is not ours to end; its engine is ended by whoever started it.
  }

  async observe(signal: AbortSignal): Promise<Observation> {
    try {
      return { is: 'up', head: await this.ask(signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { is: 'unreachable', reason: `${this.spec.address} does not answer: ${(error as Error).message}` };
    }
  }

  engineEnvironment(): Record<string, string> {
    return { BOTTEGA_ENGINE_PORT: String(this.spec.engine_port) };
  }

  private async ask(signal: AbortSignal): Promise<Head> {
    const token = this.spec.token_file === undefined ? null : readToken(this.spec.token_file);
    const dashboard = new RayDashboard(this.spec.address, token);
    try {
      return { dashboard: dashboard.remote.origin, token, ...(await dashboard.version(signal)) };
    } finally {
      dashboard.dispose();
    }
  }
}

/** Read at every use: a token may be renewed while the agent runs. */
const readToken = (file: string): string => {
  const path = file.startsWith('~/') ? join(homedir(), file.slice(2)) : file;
  const refuse = (message: string, hint: string) => new BottegaError('unauthorized', message, { hint });
  if (!isAbsolute(path)) {
    throw refuse(`token_file must be an absolute path, not ${file}.`, 'Write it from the root, or with ~/.');
  }
  let token: string;
  try {
    if (statSync(path).mode & 0o077) {
      throw refuse(`Other people on this machine can read ${path}.`, `Keep it to yourself: chmod 600 ${path}`);
    }
    token = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof BottegaError) throw error;
    throw refuse(`The token file ${path} cannot be read.`, 'Check the path in token_file.');
  }
  if (!token || /\s/.test(token)) {
    throw refuse(`${path} does not hold a token.`, 'It must hold the token and nothing else.');
  }
  return token;
};
