import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';
import { BottegaError } from '../errors/index.js';
import type { Head } from '../ray/index.js';
import { Remote } from '../remote/index.js';
import { headersToBrowser, headersToDashboard } from './headers.js';

const TIMEOUT_MS = 60_000;
const FRAME_LIMIT_BYTES = 16 * 1024 * 1024;
const PAUSE_ABOVE_BYTES = 1024 * 1024;

export interface DashboardOptions {
  /** The head of a registered cluster; throws not_found and cluster_not_ready. Nothing else can be reached. */
  head(cluster: string): Head;
}

export interface DashboardRequest {
  cluster: string;
  method: string;
  /** Path and query behind `…/dashboard`, as they came. */
  target: string;
  headers: IncomingHttpHeaders;
}

export interface DashboardAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Readable;
}

/** The Ray Dashboard of a cluster, to look at: the agent has the token, and passes on only what reads. */
export class DashboardProxy {
  private readonly remotes = new Map<string, { remote: Remote; head: Head }>();

  constructor(private readonly options: DashboardOptions) {}

  async request({ cluster, method, target, headers }: DashboardRequest, signal: AbortSignal): Promise<DashboardAnswer> {
    const remote = this.remoteOf(cluster);
    const answer = await remote.send(safeTarget(target), {
      ...{ method, signal, timeoutMs: TIMEOUT_MS },
      headers: headersToDashboard(headers) as Record<string, string>
    });
    const location = locationOf(answer.headers['location'], remote.origin, target);
    return {
      status: answer.statusCode,
      headers: { ...headersToBrowser(answer.headers), ...(location === null ? {} : { location }) },
      body: answer.body
    };
  }

  /** Passes on what the dashboard sends on a WebSocket. What the browser sends stays here: it could be a command. */
  openSocket(cluster: string, target: string, browser: WebSocket): void {
    const { origin, authorization } = this.remoteOf(cluster);
    const dashboard = new WebSocket(`${origin.replace(/^http/, 'ws')}${safeTarget(target)}`, {
      headers: authorization,
      maxPayload: FRAME_LIMIT_BYTES,
      handshakeTimeout: 10_000
    });
    dashboard.on('message', (data: Buffer, isBinary) => {
      browser.send(data, { binary: isBinary }, () => {
        if (browser.bufferedAmount < PAUSE_ABOVE_BYTES) dashboard.resume();
      });
      if (browser.bufferedAmount > PAUSE_ABOVE_BYTES) dashboard.pause();
    });
    dashboard.on('error', () => browser.close(1011, 'The Ray Dashboard does not answer.'));
    dashboard.on('close', () => browser.close(1000));
    browser.on('close', () => dashboard.terminate());
    browser.on('error', () => dashboard.terminate());
  }

  dispose(): void {
    for (const { remote } of this.remotes.values()) remote.dispose();
    this.remotes.clear();
  }

  /** One pool of connections for each head; a new head has another port or another token. */
  private remoteOf(cluster: string): Remote {
    const head = this.options.head(cluster);
    const known = this.remotes.get(cluster);
    if (known && known.head.dashboard === head.dashboard && known.head.token === head.token) return known.remote;
    known?.remote.dispose();
    const remote = new Remote(head.dashboard, head.token, 'The Ray Dashboard');
    this.remotes.set(cluster, { remote, head });
    return remote;
  }
}

/** A path of the dashboard and nothing that could be read as another host. */
const safeTarget = (target: string): string => {
  const path = target.startsWith('/') ? target : `/${target}`;
  if (path.startsWith('//') || path.includes('\\')) {
    throw new BottegaError('invalid_request', 'This is not a path of the Ray Dashboard.');
  }
  return path;
};

/**
 * A redirect as the browser has to follow it: relative to where it is, because only the browser knows the address under
 * which it sees the agent. One to another host is not passed on.
 */
const locationOf = (location: string | string[] | undefined, origin: string, target: string): string | null => {
  if (typeof location !== 'string') return null;
  const here = new URL(target, origin);
  const there = new URL(location, here);
  if (there.origin !== new URL(origin).origin) return null;
  const up = '../'.repeat(here.pathname.split('/').length - 2) || './';
  return `${up}${there.pathname.slice(1)}${there.search}${there.hash}`;
};
