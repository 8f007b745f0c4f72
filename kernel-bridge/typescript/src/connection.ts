import type { StreamMessage, StreamRequest } from '@bottega/schema';
import type { WebSocketLike } from './transport.js';

const OPEN_TIMEOUT_MS = 10_000;
const SILENCE_MS = 30_000;
/** A page that wakes up and has heard nothing for longer than a heartbeat takes does not trust its connection. */
const STALE_MS = 12_000;
const FIRST_DELAY_MS = 200;
const LAST_DELAY_MS = 5_000;
/** Panels come and go together; the connection outlives the moment between them. */
const LINGER_MS = 1_000;

/** `since`: milliseconds since the epoch. */
export interface ConnectionState {
  isConnected: boolean;
  since: number;
}

export interface ConnectionEvents {
  onOpen(): void;
  onMessage(message: StreamMessage): void;
  onState(state: ConnectionState): void;
}

type Timer = ReturnType<typeof setTimeout>;

/** One WebSocket that is open while somebody holds it, and is opened again, with jitter, when it breaks or is silent. */
export class Connection {
  state: ConnectionState = { isConnected: false, since: Date.now() };
  #socket: WebSocketLike | null = null;
  #holders = 0;
  #attempt = 0;
  #heardAt = 0;
  #retry: Timer | undefined;
  #watchdog: Timer | undefined;
  #linger: Timer | undefined;
  readonly #page = typeof document === 'undefined' ? null : document;

  constructor(
    readonly open: () => WebSocketLike,
    readonly events: ConnectionEvents
  ) {}

  acquire(): void {
    clearTimeout(this.#linger);
    this.#holders += 1;
    if (this.#holders > 1) return;
    this.#page?.addEventListener('visibilitychange', this.#wake);
    globalThis.addEventListener?.('online', this.#wake);
    if (!this.#socket && this.#retry === undefined) this.#connect();
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#linger = setTimeout(() => this.#close(), LINGER_MS);
    unref(this.#linger);
  }

  /** What is said while not connected is dropped: whoever follows says it again in `onOpen`. */
  send(request: StreamRequest): void {
    if (this.state.isConnected) this.#socket?.send(JSON.stringify(request));
  }

  dispose(): void {
    this.#holders = 0;
    this.#close();
  }

  readonly #wake = (): void => {
    if (this.#page?.visibilityState === 'hidden') return;
    if (this.#retry !== undefined) this.#connect();
    else if (this.state.isConnected && Date.now() - this.#heardAt > STALE_MS) this.#lose();
  };

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    let socket: WebSocketLike;
    try {
      socket = this.open();
    } catch {
      this.#retryLater();
      return;
    }
    this.#socket = socket;
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onopen = () => {
      if (isCurrent()) this.#opened();
    };
    socket.onmessage = (event: { data: unknown }) => {
      if (isCurrent()) this.#hear(String(event.data));
    };
    // `ws` throws an error that nobody listens to; what follows it is always a close.
    socket.onerror = () => undefined;
    socket.onclose = () => {
      if (isCurrent()) this.#lose();
    };
    this.#watch(OPEN_TIMEOUT_MS);
  }

  #opened(): void {
    this.#setConnected(true);
    this.#heardAt = Date.now();
    this.#watch(SILENCE_MS);
    this.events.onOpen();
  }

  #hear(text: string): void {
    this.#heardAt = Date.now();
    this.#attempt = 0;
    this.events.onMessage(JSON.parse(text) as StreamMessage);
  }

  /** One timer that looks back, instead of one that is set again at every message. */
  #watch(timeoutMs: number): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      const left = this.#heardAt + SILENCE_MS - Date.now();
      if (this.state.isConnected && left > 0) this.#watch(left);
      else this.#lose();
    }, timeoutMs);
    unref(this.#watchdog);
  }

  #lose(): void {
    this.#dropSocket();
    if (this.#holders > 0) this.#retryLater();
  }

  #retryLater(): void {
    const limit = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), limit * (0.5 + Math.random() / 2));
  }

  #dropSocket(): void {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    this.#setConnected(false);
    socket?.close();
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#linger);
    this.#retry = undefined;
    this.#attempt = 0;
    this.#page?.removeEventListener('visibilitychange', this.#wake);
    globalThis.removeEventListener?.('online', this.#wake);
    this.#dropSocket();
  }

  #setConnected(isConnected: boolean): void {
    if (this.state.isConnected === isConnected) return;
    this.state = { isConnected, since: Date.now() };
    this.events.onState(this.state);
  }
}

/** In Node a timer that only watches must not keep the process alive; in a browser it is a plain number. */
const unref = (timer: Timer): void => {
  if (typeof timer === 'object') timer.unref();
};
