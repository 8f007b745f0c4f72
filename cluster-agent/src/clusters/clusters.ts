import type { Cluster as ClusterRecord, ClusterSpec } from '@bottega/schema';
import { validateClusterSpec } from '@bottega/schema/validate';
import type { Changes } from '../changes/index.js';
import type { Engine, EngineStarter } from '../engine/index.js';
import { BottegaError } from '../errors/index.js';
import type { Home } from '../home/index.js';
import type { Ledger } from '../ledger/index.js';
import type { Log } from '../log/index.js';
import type { Head } from '../ray/index.js';
import { Cluster } from './cluster.js';
import { EngineSeat } from './engine-seat.js';
import { IdleStop } from './idle-stop.js';
import type { ProviderOf, Providers } from './provider.js';
import type { EngineSession, RunKeeper } from './run-keeper.js';

export interface ClustersOptions {
  home: Home;
  ledger: Ledger;
  changes: Changes;
  providers: Providers;
  starter: EngineStarter;
  keeper: RunKeeper;
  log: Log;
}

/** Every cluster the agent knows, by name. */
export class Clusters {
  private readonly clusters = new Map<string, Cluster>();
  private readonly idleStop: IdleStop;

  constructor(private readonly options: ClustersOptions) {
    this.idleStop = new IdleStop({
      changes: options.changes,
      records: () => this.list(),
      activeRuns: name => options.keeper.activeRuns(name),
      lastEnd: name => options.ledger.lastEnd(name),
      stop: (name, reason) => this.clusters.get(name)?.stop(reason)
    });
  }

  /** Finds again what the agent before left. */
  resume(): void {
    for (const { body } of this.options.ledger.loadClusters()) {
      const cluster = this.add(JSON.parse(body) as ClusterRecord);
      cluster.resume();
    }
  }

  list(): ClusterRecord[] {
    return [...this.clusters.values()].map(cluster => cluster.record);
  }

  /** Throws not_found. */
  get(name: string): ClusterRecord {
    return this.find(name).record;
  }

  /** Starts the cluster of a spec. Throws invalid_cluster_spec, conflict and no_space. */
  up(text: string): ClusterRecord {
    const spec = specOf(text);
    const existing = this.clusters.get(spec.name);
    if (existing && isAlive(existing.record)) {
      if (sameSpec(existing.record.spec, spec)) return existing.record;
      throw new BottegaError('conflict', `The cluster ${spec.name} runs with another spec.`, {
        hint: `Stop ${spec.name} first, or give this one another name.`
      });
    }
    if (existing?.record.state === 'stopping') {
      throw new BottegaError('conflict', `The cluster ${spec.name} is stopping.`, {
        hint: 'Start it when it has stopped.'
      });
    }
    const record = { ...(existing?.record ?? newRecord(spec)), spec };
    this.options.ledger.addCluster(spec.name, JSON.stringify(record));
    const cluster = this.add(record);
    cluster.start();
    return cluster.record;
  }

  stop(name: string): ClusterRecord {
    const cluster = this.find(name);
    cluster.stop();
    return cluster.record;
  }

  /** Takes a stopped or failed cluster off the list. Throws conflict for one that is up. */
  forget(name: string): void {
    const { state } = this.find(name).record;
    if (state !== 'stopped' && state !== 'failed') {
      throw new BottegaError('conflict', `The cluster ${name} is ${state}.`, { hint: 'Stop it first.' });
    }
    this.clusters.delete(name);
    this.options.ledger.deleteCluster(name);
    this.options.changes.tell({ type: 'cluster_deleted', name });
  }

  /** The engine of a ready cluster. Throws not_found and cluster_not_ready. */
  session(name: string): EngineSession {
    const { session, record } = this.find(name);
    if (session) return session;
    throw notReady(record);
  }

  /** The engine, or null while the cluster starts. Throws not_found, and cluster_not_ready when it will not come by itself. */
  sessionOrStarting(name: string): EngineSession | null {
    const { session, record } = this.find(name);
    if (session || record.state === 'starting' || record.state === 'ready') return session;
    throw notReady(record);
  }

  /** The engines that take runs now, by cluster. */
  engines(): Map<string, Engine> {
    return new Map([...this.clusters].flatMap(([name, { session }]) => (session ? [[name, session.engine]] : [])));
  }

  /** The head of a cluster. Throws not_found and cluster_not_ready. */
  head(name: string): Head {
    const { head, record } = this.find(name);
    if (head) return head;
    throw notReady(record);
  }

  /** Lets go of all clusters and leaves them as they are. */
  async leave(): Promise<void> {
    this.idleStop.dispose();
    await Promise.all([...this.clusters.values()].map(cluster => cluster.leave()));
  }

  private find(name: string): Cluster {
    const cluster = this.clusters.get(name);
    if (!cluster) throw new BottegaError('not_found', `There is no cluster ${name}.`, { hint: 'Start one first.' });
    return cluster;
  }

  private add(record: ClusterRecord): Cluster {
    const { home, starter, keeper, log } = this.options;
    const folder = home.clusterFolder(record.name);
    // The word in the spec chose the provider, so the spec is of its kind.
    const makeProvider = this.options.providers[record.spec.provider] as ProviderOf;
    const provider = makeProvider(record.spec, folder);
    const environment = () => provider.engineEnvironment();
    const seat = new EngineSeat({ cluster: record.name, folder, starter, keeper, environment });
    const onChange = (changed: ClusterRecord): void => this.save(changed);
    const cluster = new Cluster({ record, provider, seat, keeper, onChange, log });
    this.clusters.set(record.name, cluster);
    return cluster;
  }

  private save(record: ClusterRecord): void {
    try {
      this.options.ledger.saveCluster(record.name, JSON.stringify(record));
    } catch (err) {
      // A full disk must not end what goes on; the next change is saved again.
      this.options.log.error({ cluster: record.name, err }, 'a cluster could not be saved');
    }
    this.options.changes.tell({ type: 'cluster', cluster: record });
  }
}

const specOf = (text: string): ClusterSpec => {
  const { spec, problems } = validateClusterSpec(text);
  if (spec) return spec;
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new BottegaError('invalid_cluster_spec', `The cluster spec has ${count}: ${problems[0]?.message ?? ''}`, {
    problems
  });
};

const newRecord = (spec: ClusterSpec): ClusterRecord => {
  const now = Date.now();
  return { name: spec.name, spec, state: 'stopped', reason: '', since: now, observed: now, phases: [], nodes: [] };
};

const isAlive = ({ state }: ClusterRecord): boolean => ['starting', 'ready', 'lost'].includes(state);

const sameSpec = (a: ClusterSpec, b: ClusterSpec): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (spec: object): [string, unknown][] => Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1));

const notReady = ({ name, state, reason }: ClusterRecord): BottegaError => {
  const hints: Partial<Record<ClusterRecord['state'], string>> = {
    starting: 'Wait until it is ready.',
    stopping: 'Start it again when it has stopped.',
    lost: 'It may come back; or stop it and start it again.'
  };
  return new BottegaError('cluster_not_ready', `The cluster ${name} is ${state}. ${reason}`.trimEnd(), {
    hint: hints[state] ?? `Start it: %bottega up ${name}, or the start button of the cluster.`
  });
};
