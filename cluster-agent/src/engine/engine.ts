import {
  API_VERSION,
  ENGINE_ANSWER_S,
  type EngineCleanup,
  type EngineCleanupAnswer,
  type EngineInfo,
  type EngineRun,
  type EngineStorage,
  type EngineSubmit,
  type ErrorBody
} from '@bottega/schema';
import { WebSocket } from 'ws';
import { BottegaError } from '../errors/index.js';
import { Remote, type Answer, type RequestOptions } from '../remote/index.js';
import type { BlobReceiver } from '../sync/index.js';

const FRAME_LIMIT_BYTES = 16 * 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 5_000;
const withinMs = (what: keyof typeof ENGINE_ANSWER_S): { timeoutMs: number } => ({
  timeoutMs: ENGINE_ANSWER_S[what] * 1_000
});

/** Which engine this is, and how to reach it. Kept 0600 in the agent's home. */
export interface EngineAddress {
  origin: string;
  token: string;
  incarnation: string;
}

/** The engine of a cluster: its HTTP API and its stream. Every method throws BottegaError. */
export class Engine implements BlobReceiver {
  private readonly remote: Remote;

  constructor(private readonly address: EngineAddress) {
    this.remote = new Remote(address.origin, address.token, 'The engine');
  }

  get incarnation(): string {
    return this.address.incarnation;
  }

  async info(signal?: AbortSignal): Promise<EngineInfo> {
    const info = (await this.json('/v1/info', signal ? { signal } : {})) as EngineInfo;
    if (info.api_version !== API_VERSION) {
      throw new BottegaError('version_mismatch', `The engine speaks version ${info.api_version} of its API.`, {
        hint: `This agent speaks version ${API_VERSION}: stop the cluster and start it again.`
      });
    }
    return info;
  }

  async runs(): Promise<EngineRun[]> {
    return (await this.json('/v1/runs')) as EngineRun[];
  }

  async knows(id: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.json(`/v1/runs/${id}`, { signal });
      return true;
    } catch (error) {
      if (error instanceof BottegaError && error.code === 'not_found') return false;
      throw error;
    }
  }

  /** Idempotent by id. Throws conflict when the engine lacks blobs of the tree. */
  async submit(id: string, json: EngineSubmit, signal: AbortSignal): Promise<EngineRun> {
    const options = { method: 'PUT', json, signal, ...withinMs('submit') };
    return (await this.json(`/v1/runs/${id}`, options)) as EngineRun;
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    await this.json(`/v1/runs/${id}/stop`, { method: 'POST', json: { grace_seconds: graceSeconds } });
  }

  async profile(id: string, steps: number): Promise<void> {
    await this.fetch(`/v1/runs/${id}/profile`, { method: 'POST', json: { steps } });
  }

  async storage(): Promise<EngineStorage> {
    return (await this.json('/v1/storage', withinMs('storage'))) as EngineStorage;
  }

  async cleanUp(json: EngineCleanup): Promise<EngineCleanupAnswer> {
    const options = { method: 'POST', json, ...withinMs('storage') };
    return (await this.json('/v1/cleanup', options)) as EngineCleanupAnswer;
  }

  /** Live fields by dotted key; the run tells by an event from which step on they hold. */
  async change(id: string, values: Record<string, unknown>): Promise<void> {
    await this.fetch(`/v1/runs/${id}/config`, { method: 'PATCH', json: { values } });
  }

  async delete(id: string): Promise<void> {
    await this.fetch(`/v1/runs/${id}`, { method: 'DELETE' });
  }

  /** Sends a request and throws what the engine refuses; the body of a good answer is read to its end. */
  async fetch(path: string, options: RequestOptions): Promise<{ json(): Promise<unknown> }> {
    const answer = await this.open(path, options);
    const text = await answer.body.text();
    return { json: () => Promise.resolve(JSON.parse(text)) };
  }

  /** The same, with the body of the answer still to be read by the caller. */
  async open(path: string, options: RequestOptions): Promise<Answer> {
    const answer = await this.remote.send(path, { ...withinMs('usual'), ...options });
    if (answer.statusCode >= 300 && answer.statusCode !== 304) throw refusal(answer, await answer.body.text());
    return answer;
  }

  openStream(): WebSocket {
    return new WebSocket(`${this.address.origin.replace(/^http/, 'ws')}/v1/stream`, {
      headers: this.remote.authorization,
      maxPayload: FRAME_LIMIT_BYTES,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false
    });
  }

  dispose(): void {
    this.remote.dispose();
  }

  private async json(path: string, options: RequestOptions = {}): Promise<unknown> {
    return (await this.fetch(path, options)).json();
  }
}

const refusal = (answer: Answer, text: string): BottegaError => {
  try {
    const body = JSON.parse(text) as ErrorBody;
    if (typeof body.code === 'string' && typeof body.message === 'string') return BottegaError.from(body);
  } catch {
    // Not the engine's own answer.
  }
  return new BottegaError('engine_failed', `The engine answered with status ${answer.statusCode}.`, {
    details: text.slice(-4_000)
  });
};
