import type { CachedThing, CleanupAnswer } from '@bottega/schema';

export type ThingKind = CachedThing['kind'];

/** All things of one kind on a cluster. */
export interface ThingGroup {
  kind: ThingKind;
  things: readonly CachedThing[];
  sizeBytes: number;
  lastUsed: number;
}

const kinds: readonly ThingKind[] = ['run', 'tokens', 'environment', 'blobs', 'resident'];

/** Things by kind, in a fixed order; the largest first in each. */
export const groupsOf = (things: readonly CachedThing[]): ThingGroup[] =>
  kinds.flatMap(kind => {
    const own = things.filter(thing => thing.kind === kind).sort((a, b) => b.size_bytes - a.size_bytes);
    return own.length ? [{ kind, things: own, sizeBytes: sum(own), lastUsed: latest(own) }] : [];
  });

/** What takes space on the disk; base models in memory do not. */
export const diskBytes = (things: readonly CachedThing[]): number =>
  sum(things.filter(thing => thing.kind !== 'resident'));

export const memoryBytes = (things: readonly CachedThing[]): number =>
  sum(things.filter(thing => thing.kind === 'resident'));

type Going = Pick<CleanupAnswer, 'runs' | 'things'>;

/** The things that go, without the folders that go with their run. */
export const otherThings = ({ runs, things }: Going): CleanupAnswer['things'] => {
  const gone = new Set(runs.map(run => run.id));
  return things.filter(({ thing }) => thing.run === undefined || !gone.has(thing.run));
};

/** How many things go, counting the folder of a run with its run. */
export const goingCount = (answer: Going): number => answer.runs.length + otherThings(answer).length;

const sum = (things: readonly CachedThing[]): number => things.reduce((total, { size_bytes }) => total + size_bytes, 0);
const latest = (things: readonly CachedThing[]): number =>
  things.reduce((time, { last_used }) => Math.max(time, last_used), 0);
