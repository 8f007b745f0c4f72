import { Agent, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { WebSocket } from 'ws';
import type { Transport, WebSocketLike } from '../transport.js';

const MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024;
const withoutBody = new Set([204, 205, 304]);

/** HTTP and WebSockets over the unix socket of the agent. */
export class UnixTransport implements Transport {
  readonly #agent = new Agent({ keepAlive: true });
  #revival: Promise<void> | null = null;

  /**
   * `socket` is the path of the unix socket. `revive` brings the agent back when nobody listens there any more, and
   * answers where it is then.
   */
  constructor(
    public socket: string,
    readonly revive?: () => Promise<string>
  ) {}

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await this.#send(path, init);
    } catch (error) {
      const canRepeat = isNobodyThere(error) || isStale(error);
      if (!canRepeat || !this.revive || init.signal?.aborted) throw error;
      await this.#reviveOnce();
      return this.#send(path, init);
    }
  }

  openSocket(path: string): WebSocketLike {
    const socket = new WebSocket(`ws+unix://${this.socket}:${path}`, { maxPayload: MESSAGE_LIMIT_BYTES });
    socket.on('error', error => {
      // The stream tries again by itself; a failure to start the agent is told by the next request.
      if (isNobodyThere(error) && this.revive) this.#reviveOnce().catch(() => undefined);
    });
    return socket;
  }

  url(path: string): string {
    return `http+unix://${encodeURIComponent(this.socket)}${path}`;
  }

  dispose(): void {
    this.#agent.destroy();
  }

  #send(path: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      const headers: OutgoingHttpHeaders = Object.fromEntries(new Headers(init.headers));
      const outgoing = request({
        agent: this.#agent,
        socketPath: this.socket,
        path,
        method: init.method ?? 'GET',
        headers,
        ...(init.signal ? { signal: init.signal } : {})
      });
      outgoing.on('error', error => {
        const isRead = outgoing.method === 'GET' || outgoing.method === 'HEAD';
        reject(isRead || outgoing.reusedSocket ? Object.assign(error, { canRepeat: true }) : error);
      });
      outgoing.on('response', incoming => resolve(responseOf(incoming)));
      outgoing.end(init.body as string | Uint8Array | null | undefined);
    });
  }

  #reviveOnce(): Promise<void> {
    this.#revival ??= (this.revive?.() ?? Promise.resolve(this.socket))
      .then(socket => {
        this.socket = socket;
      })
      .finally(() => {
        this.#revival = null;
      });
    return this.#revival;
  }
}

/** The request never reached anybody, so it can be sent again. */
const isNobodyThere = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The agent died: it was asked over a connection that it had left open before, or for something that changes nothing. */
const isStale = (error: unknown): boolean => {
  const { code = '', canRepeat } = error as NodeJS.ErrnoException & { canRepeat?: boolean };
  return canRepeat === true && ['ECONNRESET', 'EPIPE'].includes(code);
};

const responseOf = (incoming: IncomingMessage): Response => {
  const status = incoming.statusCode ?? 500;
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
  }
  const init = { status, statusText: incoming.statusMessage ?? '', headers };
  if (withoutBody.has(status)) {
    incoming.resume();
    return new Response(null, init);
  }
  return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array> as BodyInit, init);
};
