import type { EngineStreamMessage, EngineStreamRequest, ErrorBody, NodeResources, RunEvent } from '@bottega/schema';
import type { WebSocket } from 'ws';

const SILENCE_MS = 30_000;
const CHECK_EVERY_MS = 5_000;

export interface LinkEvents {
  onEvents(run: string, events: RunEvent[], lastSeq: number): void;
  onRunError(run: string, error: ErrorBody): void;
  onNodes(nodes: NodeResources[]): void;
}

/**
 * One connection to the stream of an engine. It does not come back: whoever holds it finds out why it broke, and opens
 * another one where the engine is then.
 */
export class EngineLink {
  private readonly closed: Promise<void>;
  private heardAt = Date.now();
  private readonly watchdog: NodeJS.Timeout;

  private constructor(
    private readonly socket: WebSocket,
    private readonly events: LinkEvents
  ) {
    socket.on('message', data => this.hear(String(data as Buffer)));
    this.closed = new Promise(resolve => socket.on('close', () => resolve()));
    this.watchdog = setInterval(() => {
      if (Date.now() - this.heardAt > SILENCE_MS) this.socket.terminate();
    }, CHECK_EVERY_MS);
    this.watchdog.unref();
    socket.on('close', () => clearInterval(this.watchdog));
  }

  /** Null when the engine does not take the connection. */
  static async open(socket: WebSocket, events: LinkEvents): Promise<EngineLink | null> {
    // Without a listener an error of the socket would end the agent; a close always follows it.
    socket.on('error', () => undefined);
    const link = new EngineLink(socket, events);
    const opened = new Promise<true>(resolve => socket.once('open', () => resolve(true)));
    return (await Promise.race([opened, link.closed])) === true ? link : null;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Resolves when the connection is over; rejects when the signal is aborted first. */
  async untilClosed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.closed, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  get lastHeard(): number {
    return this.heardAt;
  }

  follow(run: string, from: number): void {
    this.send({ type: 'follow', run, from });
  }

  unfollow(run: string): void {
    this.send({ type: 'unfollow', run });
  }

  dispose(): void {
    clearInterval(this.watchdog);
    this.socket.terminate();
  }

  private send(request: EngineStreamRequest): void {
    if (this.isOpen) this.socket.send(JSON.stringify(request));
  }

  private hear(text: string): void {
    this.heardAt = Date.now();
    let message: EngineStreamMessage;
    try {
      message = JSON.parse(text) as EngineStreamMessage;
    } catch {
      // Whatever speaks there is not an engine of this version.
      return this.socket.terminate();
    }
    if (message.type === 'events') this.events.onEvents(message.run, message.events, message.last_seq);
    else if (message.type === 'nodes') this.events.onNodes(message.nodes);
    else if (message.type === 'error' && message.run !== undefined) this.events.onRunError(message.run, message.error);
  }
}
