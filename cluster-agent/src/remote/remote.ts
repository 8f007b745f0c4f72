import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { Agent, type Dispatcher } from 'undici';
import { BottegaError, systemCode } from '../errors/index.js';

const TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface RequestOptions {
  method?: string;
  json?: unknown;
  body?: Uint8Array | ReadableStream;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Until the head of the answer; its body may rest as long between two chunks. */
  timeoutMs?: number;
}

export type Answer = Dispatcher.ResponseData;

/** One HTTP server of a cluster and the token for it. Answers of any status are returned; only silence throws. */
export class Remote {
  private readonly agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, keepAliveTimeout: 30_000 });

  constructor(
    readonly origin: string,
    private readonly token: string | null,
    /** How it is called in sentences. */
    readonly name: string
  ) {}

  get authorization(): Record<string, string> {
    return this.token === null ? {} : { authorization: `Bearer ${this.token}` };
  }

  /** Throws cluster_unreachable and timeout. */
  async send(path: string, options: RequestOptions = {}): Promise<Answer> {
    const { method = 'GET', json, headers = {}, signal, timeoutMs = TIMEOUT_MS } = options;
    const body = json === undefined ? bytesOf(options.body) : JSON.stringify(json);
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    signal?.throwIfAborted();
    try {
      return await this.agent.request({
        origin: this.origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers: { ...type, ...headers, ...this.authorization },
        body,
        signal: signal ?? null,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof BottegaError ? error : this.silent(error);
    }
  }

  dispose(): void {
    void this.agent.destroy();
  }

  private silent(error: unknown): BottegaError {
    const code = systemCode(error) ?? '';
    if (code.startsWith('UND_ERR') && code.endsWith('TIMEOUT')) {
      return new BottegaError('timeout', `${this.name} did not answer in time.`, { cause: error });
    }
    return new BottegaError('cluster_unreachable', `${this.name} does not answer.`, {
      cause: error,
      details: `${this.origin}: ${String(error)}`
    });
  }
}

const bytesOf = (body: Uint8Array | ReadableStream | undefined): Uint8Array | Readable | null => {
  if (body === undefined) return null;
  return body instanceof Uint8Array ? body : Readable.fromWeb(body as WebStream);
};
