import { statfs } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CachedThing, CleanupAnswer, CleanupRequest, EngineStorage, Storage } from '@bottega/schema';
import type { Clusters } from '../clusters/index.js';
import type { Engine } from '../engine/index.js';
import { BottegaError } from '../errors/index.js';
import type { Ledger, RunSummary } from '../ledger/index.js';
import { begunFrom } from './begun-from.js';
import { planRuns, reasonToStay, type Plan, type Staying } from './plan.js';

const DELETED_AT_ONCE = 50;
/** Folders that are not gone by then go while the answer is on its way. */
const FOLDERS_TIMEOUT_MS = 10_000;

export interface RetentionOptions {
  home: string;
  ledger: Ledger;
  clusters: Clusters;
  /** Forgets an ended run here at once; its cluster is told by `tellClusters`. */
  forget(run: { id: string; cluster: string }): void;
  /** Resolves when the clusters that answer have deleted what they were told to. */
  tellClusters(names: string[]): Promise<void>;
  now?: () => number;
}

/** What lies where, and what of it may go. The agent decides about runs, each engine about its caches. */
export class Retention {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: RetentionOptions) {}

  async storage(): Promise<Storage> {
    const { home, ledger, clusters } = this.options;
    const [disk, stored] = await Promise.all([statfs(home), this.stored()]);
    return {
      home: {
        ledger_bytes: ledger.sizeBytes(),
        disk_free_bytes: disk.bavail * disk.bsize,
        disk_total_bytes: disk.blocks * disk.bsize,
        runs: ledger.countRuns()
      },
      clusters: clusters.list().map(({ name }) => {
        const there = stored.get(name)?.storage;
        return { name, things: there?.things ?? null, disk_free_bytes: there?.disk_free_bytes ?? null };
      })
    };
  }

  /** One clean-up at a time: two at once would both say that they freed the same. */
  cleanUp(request: CleanupRequest): Promise<CleanupAnswer> {
    const answer = this.last.then(() => this.carryOut(request));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private async carryOut(request: CleanupRequest): Promise<CleanupAnswer> {
    const stored = await this.stored();
    const away = new Set(this.awayBut(stored));
    const plan = this.plan(request, away);
    const goes = request.dry_run ? plan.goes : await this.deleteRuns(plan, away);
    const found = await this.cleanCaches(request, goes, stored, away);
    if (!request.dry_run) await this.deleteFolders([...stored.keys()]);
    const runs = goes.map(({ id, name, cluster }) => ({ id, name, size_bytes: sizeOf(id, stored.get(cluster)) }));
    const { stays } = plan;
    const freed = [...runs, ...found.filter(each => isOnDisk(each.thing)).map(each => each.thing)];
    const freedBytes = freed.reduce((sum, each) => sum + (each.size_bytes ?? 0), 0);
    return {
      ...{ dry_run: request.dry_run, runs, stays, things: found },
      ...{ unreachable: [...away].sort(), freed_bytes: freedBytes }
    };
  }

  private plan(request: CleanupRequest, away: ReadonlySet<string>): Plan {
    const { ledger, now = Date.now } = this.options;
    return planRuns(ledger.summaries(), request, { now: now(), away, begunFrom: begunFrom(ledger.activeRuns()) });
  }

  /** The runs that went; what somebody began to need meanwhile stays. */
  private async deleteRuns({ goes, stays }: Plan, away: ReadonlySet<string>): Promise<RunSummary[]> {
    const { ledger, forget } = this.options;
    const gone: RunSummary[] = [];
    for (let start = 0; start < goes.length; start += DELETED_AT_ONCE) {
      const needed = begunFrom(ledger.activeRuns());
      for (const run of goes.slice(start, start + DELETED_AT_ONCE)) {
        const current = ledger.findRun(run.id);
        if (!current) continue;
        const reason = reasonToStay({ ...run, isKept: current.is_kept }, { away, begunFrom: needed });
        if (reason) {
          stays.push({ id: run.id, name: run.name, reason } satisfies Staying);
        } else {
          forget(run);
          gone.push(run);
        }
      }
      await nextTurn();
    }
    return gone;
  }

  private async cleanCaches(
    { dry_run, unused_days }: CleanupRequest,
    goes: RunSummary[],
    stored: Stored,
    away: Set<string>
  ): Promise<CleanupAnswer['things']> {
    const asked = [...stored].map(async ([cluster, { engine }]) => {
      const without = goes.filter(run => run.cluster === cluster).map(run => run.id);
      return [cluster, await unlessAway(engine.cleanUp({ dry_run, unused_days, without }))] as const;
    });
    const found: CleanupAnswer['things'] = [];
    for (const [cluster, answer] of await Promise.all(asked)) {
      if (answer) found.push(...answer.things.map(thing => ({ cluster, thing })));
      else away.add(cluster);
    }
    return found;
  }

  private async deleteFolders(clusters: string[]): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, FOLDERS_TIMEOUT_MS);
    await Promise.race([this.options.tellClusters(clusters), timeout.promise]);
    clearTimeout(timer);
  }

  private async stored(): Promise<Stored> {
    const asked = [...this.options.clusters.engines()].map(
      async ([name, engine]) => [name, engine, await unlessAway(engine.storage())] as const
    );
    const stored: Stored = new Map();
    for (const [name, engine, storage] of await Promise.all(asked)) if (storage) stored.set(name, { engine, storage });
    return stored;
  }

  private awayBut(stored: Stored): string[] {
    const names = this.options.clusters.list().map(({ name }) => name);
    return names.filter(name => !stored.has(name));
  }
}

interface StoredThere {
  engine: Engine;
  storage: EngineStorage;
}
/** By cluster, those that answered. */
type Stored = Map<string, StoredThere>;

const isOnDisk = ({ kind }: CachedThing): boolean => kind !== 'resident';

const sizeOf = (run: string, there: StoredThere | undefined): number | null =>
  there?.storage.things.find(thing => thing.kind === 'run' && thing.id === run)?.size_bytes ?? null;

/** Null when the engine does not answer, or not as one. */
const unlessAway = async <T>(answer: Promise<T>): Promise<T | null> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof BottegaError) return null;
    throw error;
  }
};
