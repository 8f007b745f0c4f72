import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  API_VERSION,
  hasEnded,
  type CachedThing,
  type EngineChange,
  type EngineCleanup,
  type EngineSubmit,
  type NodeResources,
  type RunEvent
} from '@bottega/schema';
import { WebSocketServer, type WebSocket } from 'ws';
import { Engine } from './engine.js';

const TOKEN = 'token-of-the-test-engine';
export const node = (zygote: NodeResources['zygote']): NodeResources => ({
  ...{ id: 'n1', host: 'here', cpus: 2, cpus_free: 2, gpus: 0, gpus_free: 0, memory_bytes: 1, memory_used_bytes: 0 },
  zygote
});

/** Speaks the engine's API over a real port, without Ray behind it; a test decides how its runs go. */
export class TestEngine {
  readonly runs = new Map<string, RunEvent[]>();
  readonly submitted: { id: string; submit: EngineSubmit }[] = [];
  readonly deleted: string[] = [];
  /** Changes of live fields, as they came; a test decides when they hold. */
  readonly changes: Record<string, unknown>[] = [];
  readonly blobs = new Set<string>();
  /** What lies there besides the folders of runs. */
  caches: CachedThing[] = [];
  nodes = [node('ready')];
  /** The next submits are answered with these errors, one each. */
  readonly refusals: { status: number; code: string; message: string }[] = [];
  /** How often it was asked to stop a run, and what it waits for before it does. */
  stopsAsked = 0;
  mayStop: Promise<void> = Promise.resolve();
  /** So many submits are taken without an answer. */
  lostAnswers = 0;
  private readonly sockets = new Map<WebSocket, Map<string, number>>();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly incarnation: string
  ) {}

  static async start(incarnation = 'first'): Promise<TestEngine> {
    const server = createServer();
    const engine = new TestEngine(server, incarnation);
    const sockets = new WebSocketServer({ server });
    server.on('request', (request, response) => void engine.answer(request, response));
    sockets.on('connection', socket => engine.accept(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return engine;
  }

  client(): Engine {
    const { port } = this.server.address() as AddressInfo;
    return new Engine({ origin: `http://127.0.0.1:${port}`, token: TOKEN, incarnation: this.incarnation });
  }

  append(id: string, ...events: object[]): void {
    const log = this.runs.get(id) ?? [];
    this.runs.set(id, log);
    for (const event of events) log.push({ seq: log.length + 1, time: Date.now(), ...event } as RunEvent);
    for (const [socket, follows] of this.sockets) this.push(socket, follows, id);
  }

  setNodes(nodes: NodeResources[]): void {
    this.nodes = nodes;
    for (const socket of this.sockets.keys()) socket.send(JSON.stringify({ type: 'nodes', nodes }));
  }

  /** Sends these events of a run once more to whoever follows it, whatever it has had already. */
  repeat(id: string, pick: (events: RunEvent[]) => RunEvent[]): void {
    const all = this.runs.get(id) ?? [];
    const message = JSON.stringify({ type: 'events', run: id, events: pick(all), last_seq: all.length });
    for (const [socket, follows] of this.sockets) if (follows.has(id)) socket.send(message);
  }

  hasEnded(id: string): boolean {
    return (this.runs.get(id) ?? []).some(event => event.type === 'status' && hasEnded(event.state));
  }

  /** Ends all connections, as a network does that breaks. */
  breakConnections(): void {
    for (const socket of this.sockets.keys()) socket.terminate();
  }

  async stop(): Promise<void> {
    this.breakConnections();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(socket: WebSocket): void {
    const follows = new Map<string, number>();
    this.sockets.set(socket, follows);
    socket.on('close', () => this.sockets.delete(socket));
    socket.send(JSON.stringify({ type: 'nodes', nodes: this.nodes }));
    socket.on('message', data => {
      const request = JSON.parse(String(data as Buffer)) as { type: string; run: string; from: number };
      if (request.type === 'unfollow') return void follows.delete(request.run);
      follows.set(request.run, request.from);
      this.push(socket, follows, request.run);
    });
  }

  private push(socket: WebSocket, follows: Map<string, number>, id: string): void {
    const from = follows.get(id);
    const events = (this.runs.get(id) ?? []).slice((from ?? 1) - 1);
    if (from === undefined || !events.length) return;
    follows.set(id, from + events.length);
    socket.send(JSON.stringify({ type: 'events', run: id, events, last_seq: this.runs.get(id)?.length }));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const say = (status: number, body?: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const body = await bodyOf(request);
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return say(401, { code: 'unauthorized', message: 'No.' });
    const [, , what = '', id = '', action] = (request.url ?? '').split('/');
    const route = `${request.method ?? ''} ${what}${id ? '/:id' : ''}${action === undefined ? '' : `/${action}`}`;
    const known = this.runs.get(id);
    if (route === 'GET info') return say(200, this.info());
    if (route === 'GET runs') {
      return say(
        200,
        [...this.runs.keys()].map(each => this.run(each))
      );
    }
    if (route === 'POST blobs/:id') return say(200, { missing: (body as { blobs: string[] }).blobs });
    if (route === 'POST blobs') return say(204);
    if (route === 'PUT runs/:id') {
      const isLost = this.lostAnswers > 0;
      if (isLost) this.lostAnswers -= 1;
      return this.submit(id, body as EngineSubmit, isLost ? () => request.socket.destroy() : say);
    }
    if (route === 'GET storage') return say(200, { things: this.things(), disk_free_bytes: 7, disk_total_bytes: 9 });
    if (route === 'POST cleanup') return say(200, { things: this.cleanUp(body as EngineCleanup) });
    if (!known) return say(404, { code: 'not_found', message: `There is no run ${id}.` });
    if (route === 'GET runs/:id') return say(200, this.run(id));
    if (route === 'POST runs/:id/stop') {
      this.stopsAsked += 1;
      await this.mayStop;
      if (!this.hasEnded(id)) this.append(id, { type: 'status', state: 'stopped', reason: 'Stopped by you.' });
      return say(200, this.run(id));
    }
    if (route === 'POST runs/:id/profile') return say(204);
    if (route === 'PATCH runs/:id/config') {
      this.changes.push((body as EngineChange).values);
      return say(204);
    }
    if (route === 'DELETE runs/:id') {
      this.deleted.push(id);
      this.runs.delete(id);
      return say(204);
    }
    if (action === 'files') return file(request, response);
    say(404, { code: 'not_found', message: 'No.' });
  }

  private things(): CachedThing[] {
    const run = (id: string): CachedThing => ({
      ...{ kind: 'run', id, run: id, label: id, size_bytes: 1_000, last_used: 0, is_needed: false }
    });
    return [...[...this.runs.keys()].map(run), ...this.caches];
  }

  private cleanUp({ dry_run, unused_days }: EngineCleanup): CachedThing[] {
    const before = Date.now() - unused_days * 86_400_000;
    const going = this.caches.filter(each => !each.is_needed && each.last_used <= before);
    if (!dry_run) this.caches = this.caches.filter(each => !going.includes(each));
    return going;
  }

  private submit(id: string, submit: EngineSubmit, say: (status: number, body: unknown) => void): void {
    const refusal = this.refusals.shift();
    if (refusal) return say(refusal.status, refusal);
    this.submitted.push({ id, submit });
    if (!this.runs.has(id)) this.append(id, ...submit.phases.map(phase => ({ type: 'phase', ...phase })));
    say(200, this.run(id));
  }

  private run(id: string) {
    return { id, state: 'pending', reason: '', last_seq: this.runs.get(id)?.length ?? 0 };
  }

  private info() {
    const versions = {
      version: '0.1.0',
      api_version: API_VERSION,
      ray_version: '2',
      python_version: '3',
      torch_version: '2'
    };
    return { name: 'bottega-engine', ...versions, incarnation: this.incarnation, started: 0, nodes: this.nodes };
  }
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const isJson = request.headers['content-type'] === 'application/json';
  return isJson ? JSON.parse(Buffer.concat(chunks).toString()) : null;
};

/** A file of ten bytes, whole or in part. */
const file = (request: IncomingMessage, response: ServerResponse): void => {
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
  const bytes = Buffer.from('0123456789');
  if (!range) return void response.writeHead(200, { 'content-length': 10, 'set-cookie': 'a=b' }).end(bytes);
  const [first, last] = [Number(range[1]), Number(range[2])];
  const headers = { 'content-range': `bytes ${first}-${last}/10`, 'content-length': last - first + 1 };
  response.writeHead(206, headers).end(bytes.subarray(first, last + 1));
};
