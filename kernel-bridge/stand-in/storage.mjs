// What lies on the cluster of the stand-in, for people who build views of it.
import { hasEnded } from '../../schema/lib/run.js';

const DAY_MS = 86_400_000;
const things = [
  ['blobs', 'blobs', 'files of project folders', 184_000_000, 3, false],
  ['tokens', '5f2c9a', 'data/docstrings.jsonl · tiny-llama', 96_400_000, 20, false],
  ['tokens', '81d0e4', 'data/code.jsonl · tiny-llama', 1_240_000_000, 0.1, true],
  ['environment', 'a77b01', 'einops, tabulate', 12_800_000, 31, false],
  ['resident', '3c9f', 'models/tiny-llama', 420_000_000, 0.2, true]
];

const thingOf = ([kind, id, label, size_bytes, days, is_needed], now) => {
  return { kind, id, label, size_bytes, last_used: now - days * DAY_MS, is_needed };
};
const folderOf = run => {
  const last_used = run.ended ?? run.created;
  const size_bytes = 1_000_000 + run.last_seq * 1000;
  return {
    kind: 'run',
    id: run.id,
    label: run.name,
    run: run.id,
    size_bytes,
    last_used,
    is_needed: !hasEnded(run.state)
  };
};

/** Caches that a clean-up took away; the stand-in forgets them when it ends. */
const gone = new Set();

export const storageOf = (clusters, runs) => {
  const now = Date.now();
  const caches = things.filter(([, id]) => !gone.has(id)).map(each => thingOf(each, now));
  return {
    home: { ledger_bytes: 48_300_000, disk_free_bytes: 9.1e9, disk_total_bytes: 250e9, runs: runs.length },
    clusters: clusters.map(({ name, state }) => {
      if (state !== 'ready') return { name, things: null, disk_free_bytes: null };
      const folders = runs.filter(run => run.cluster === name).map(folderOf);
      return { name, things: [...folders, ...caches], disk_free_bytes: 9.1e9 };
    })
  };
};

/** The answer; `remove` is called with every run that goes when it is no dry run. */
export const cleanUp = (request, clusters, runs, remove) => {
  const { dry_run, older_than_days = 30, newest = 100, unused_days = 14 } = request;
  const now = Date.now();
  const old = runs
    .slice(newest)
    .filter(run => hasEnded(run.state) && now - (run.ended ?? run.created) >= older_than_days * DAY_MS);
  const going = old.filter(run => !run.is_kept);
  const stays = old.filter(run => run.is_kept).map(({ id, name }) => ({ id, name, reason: 'You keep it.' }));
  const { clusters: stored } = storageOf(clusters, runs);
  const isUnused = thing => thing.kind !== 'run' && !thing.is_needed && now - thing.last_used >= unused_days * DAY_MS;
  const taken = stored.flatMap(({ name, things: found }) =>
    (found ?? []).filter(isUnused).map(thing => ({ cluster: name, thing }))
  );
  const went = going.map(run => ({ id: run.id, name: run.name, size_bytes: folderOf(run).size_bytes }));
  if (!dry_run) {
    going.forEach(remove);
    taken.forEach(({ thing }) => gone.add(thing.id));
  }
  const freed_bytes = [...went, ...taken.map(({ thing }) => thing)].reduce(
    (sum, { size_bytes }) => sum + size_bytes,
    0
  );
  const unreachable = stored.filter(each => each.things === null).map(({ name }) => name);
  return { dry_run, runs: went, stays, things: taken, unreachable, freed_bytes };
};
