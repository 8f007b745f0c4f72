import { chmodSync, rmSync } from 'node:fs';
import { API_VERSION, type AgentInfo } from '@bottega/schema';
import type { FastifyInstance } from 'fastify';
import { Changes } from './changes/index.js';
import { Clusters, type Providers } from './clusters/index.js';
import { DashboardProxy } from './dashboard/index.js';
import type { EngineStarter } from './engine/index.js';
import { removeAddress, writeAddress, type Home } from './home/index.js';
import { Ledger, Sweeper } from './ledger/index.js';
import type { Log } from './log/index.js';
import { Retention } from './retention/index.js';
import { applyEvent, RunAttendant, Runs } from './runs/index.js';
import { Searches } from './search/index.js';
import { buildServer } from './server/index.js';
import { Stream } from './stream/index.js';
import { Sync } from './sync/index.js';

export interface AgentOptions {
  home: Home;
  version: string;
  providers: Providers;
  starter: EngineStarter;
  log: Log;
}

/** Everything there is in an agent, built here and nowhere else. */
export class Agent {
  private readonly ledger: Ledger;
  private readonly clusters: Clusters;
  private readonly attendant: RunAttendant;
  private readonly stream: Stream;
  private readonly dashboard: DashboardProxy;
  private readonly runs: Runs;
  private readonly retention: Retention;
  private readonly sweeper: Sweeper;
  private readonly info: AgentInfo;
  private server: FastifyInstance | null = null;
  private stopping: Promise<void> | null = null;

  constructor(private readonly options: AgentOptions) {
    const { home, log, providers, starter, version } = options;
    const changes = new Changes();
    const ledger = (this.ledger = new Ledger(home.file('ledger.db'), applyEvent));
    const sync = new Sync({ home: home.path });
    this.attendant = new RunAttendant({ ledger, changes, sync, log });
    const keeper = this.attendant;
    this.clusters = new Clusters({ home, ledger, changes, providers, starter, keeper, log });
    this.runs = new Runs({ ledger, changes, clusters: this.clusters, attendant: this.attendant, sync });
    this.retention = new Retention({
      ...{ home: home.path, ledger, clusters: this.clusters },
      forget: run => this.attendant.forget(run),
      tellClusters: names => this.attendant.tellDeletions(names)
    });
    const sweeper = (this.sweeper = new Sweeper(ledger, log));
    changes.listen(change => change.type === 'run_deleted' && sweeper.wake());
    this.stream = new Stream({ ledger, changes, clusters: () => this.clusters.list() });
    this.dashboard = new DashboardProxy({ head: name => this.clusters.head(name) });
    this.info = {
      name: 'bottega-agent',
      ...{ version, api_version: API_VERSION, pid: process.pid, started: Date.now(), home: home.path }
    };
  }

  /** Listens, takes up what the agent before left, and tells where it is. */
  async start(): Promise<void> {
    const { home, log, version } = this.options;
    const { info, clusters, runs, retention, ledger, stream, dashboard } = this;
    const searches = new Searches({ path: home.file('ledger.db') });
    this.server = await buildServer({ info, clusters, runs, retention, ledger, searches, stream, dashboard, log });
    clusters.resume();
    await this.attendant.closeOrphans(clusters.list());
    const { socket } = home;
    // The lock of the home is ours, so whoever made this socket is gone.
    rmSync(socket, { force: true });
    await listenPrivately(this.server, socket);
    writeAddress(home.file('agent.json'), { socket, pid: process.pid, version, api_version: API_VERSION });
    this.sweeper.wake();
    log.info({ socket, version }, 'the agent listens');
  }

  /** Ends the agent and leaves clusters and runs alone. Called again, it is the same stop. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    const { home, log } = this.options;
    removeAddress(home.file('agent.json'));
    this.stream.dispose();
    await this.server?.close();
    await this.clusters.leave();
    this.dashboard.dispose();
    await this.sweeper.stop();
    this.ledger.close();
    rmSync(home.socket, { force: true });
    log.info('the agent has ended');
  }
}

const listenPrivately = async (server: FastifyInstance, socket: string): Promise<void> => {
  // The folder is 0700; the mask also closes the moment before the mode of the socket is set.
  const mask = process.umask(0o177);
  try {
    await server.listen({ path: socket });
  } finally {
    process.umask(mask);
  }
  chmodSync(socket, 0o600);
};
