import { Agent, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { WebSocket } from 'ws';
import type { Transport, WebSocketLike } from '../transport.js';

const MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024;
const withoutBody = new Set([204, 205, 304]);

/** HTTP and WebSockets over the unix socket of the agent. `socketOf` is asked at every use: a new agent may have moved. */
export class UnixTransport implements Transport {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly socketOf: () => string) {}

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return new Promise((resolve, reject) => {
      const headers: OutgoingHttpHeaders = Object.fromEntries(new Headers(init.headers));
      const outgoing = request({
        agent: this.#agent,
        socketPath: this.socketOf(),
        path,
        method: init.method ?? 'GET',
        headers,
        ...(init.signal ? { signal: init.signal } : {})
      });
      outgoing.on('error', reject);
      outgoing.on('response', incoming => resolve(responseOf(incoming)));
      outgoing.end(init.body as string | Uint8Array | null | undefined);
    });
  }

  openSocket(path: string): WebSocketLike {
    return new WebSocket(`ws+unix://${this.socketOf()}:${path}`, { maxPayload: MESSAGE_LIMIT_BYTES });
  }

  url(path: string): string {
    return `http+unix://${encodeURIComponent(this.socketOf())}${path}`;
  }

  dispose(): void {
    this.#agent.destroy();
  }
}

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
