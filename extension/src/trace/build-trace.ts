import { families, type Lane, type Operator, type Row, type Trace } from './trace.js';

/** The slices of one rank, as they come: sorted by lane, then start, then longest first. */
export interface RankColumns {
  /** Absolute; tells how the ranks lie in time. */
  readonly originUs: number;
  readonly lanes: readonly { rank: number; process: string; thread: string; depth: number }[];
  readonly start: Float64Array;
  readonly duration: Float32Array;
  readonly name: ArrayLike<number>;
  readonly names: readonly string[];
  /** Index in `familyNames`. */
  readonly family: ArrayLike<number>;
  readonly familyNames: readonly string[];
  readonly lane: ArrayLike<number>;
  readonly depth: ArrayLike<number>;
  readonly isTruncated: boolean;
}

const OTHER = families.indexOf('other');

/** All ranks as one trace. What lies at one depth of one lane is put together, so that a row is one stretch of memory. */
export const buildTrace = (ranks: readonly RankColumns[]): Trace => {
  const count = ranks.reduce((sum, rank) => sum + rank.start.length, 0);
  const slices = {
    start: new Float64Array(count),
    duration: new Float32Array(count),
    self: new Float32Array(count),
    name: new Uint32Array(count)
  };
  const rows: Row[] = [];
  const lanes: Lane[] = [];
  const operators = new Operators();
  const originUs = Math.min(...ranks.map(rank => rank.originUs));
  let endUs = 0;
  for (const rank of ranks) {
    const numbers = operators.numbersOf(rank);
    const self = selfTimes(rank);
    const place = addRows(rank, rows, lanes);
    const shift = rank.originUs - originUs;
    for (let source = 0; source < rank.start.length; source += 1) {
      const slot = slotOf(rank, source);
      const target = place[slot] as number;
      place[slot] = target + 1;
      const start = (rank.start[source] as number) + shift;
      slices.start[target] = start;
      slices.duration[target] = rank.duration[source] as number;
      slices.self[target] = self[source] as number;
      slices.name[target] = numbers[rank.name[source] as number] as number;
      endUs = Math.max(endUs, start + (rank.duration[source] as number));
    }
  }
  return {
    slices,
    rows,
    lanes,
    names: operators.all,
    familyOfName: Uint8Array.from(operators.all, operator => operator.family),
    endUs,
    isTruncated: ranks.some(rank => rank.isTruncated)
  };
};

/** Depths are a byte: lane and depth together are a slot. */
const slotOf = (rank: RankColumns, source: number): number =>
  ((rank.lane[source] as number) << 8) | (rank.depth[source] as number);

/** Adds lanes and rows of a rank; answers where the first slice of each slot goes. */
const addRows = (rank: RankColumns, rows: Row[], lanes: Lane[]): Float64Array => {
  const counts = new Float64Array(Math.max(1, rank.lanes.length) << 8);
  for (let source = 0; source < rank.start.length; source += 1) counts[slotOf(rank, source)]! += 1;
  const place = new Float64Array(counts.length);
  let next = rows.at(-1)?.to ?? 0;
  rank.lanes.forEach((lane, index) => {
    const firstRow = rows.length;
    for (let depth = 0; depth < 256; depth += 1) {
      const size = counts[(index << 8) | depth] as number;
      if (!size) break;
      place[(index << 8) | depth] = next;
      rows.push({ lane: lanes.length, depth, from: next, to: next + size });
      next += size;
    }
    const { rank: number, process, thread } = lane;
    if (rows.length > firstRow) lanes.push({ rank: number, process, thread, firstRow, depth: rows.length - firstRow });
  });
  return place;
};

/** Duration of each slice without the slices right below it. */
const selfTimes = (rank: RankColumns): Float32Array => {
  const self = rank.duration.slice();
  const open = new Float64Array(256);
  for (let at = 0; at < self.length; at += 1) {
    const depth = rank.depth[at] as number;
    open[depth] = at;
    if (!depth) continue;
    const parent = open[depth - 1] as number;
    self[parent] = Math.max(0, (self[parent] as number) - (rank.duration[at] as number));
  }
  return self;
};

/** Names of all ranks with one numbering. The same title in two families is two operators. */
class Operators {
  readonly all: Operator[] = [];
  readonly #numbers = new Map<string, number>();

  /** By number of the rank's dictionary. */
  numbersOf(rank: RankColumns): Uint32Array {
    const familyNumber = rank.familyNames.map(name => {
      const at = (families as readonly string[]).indexOf(name);
      return at < 0 ? OTHER : at;
    });
    const family = new Uint8Array(rank.names.length).fill(OTHER);
    for (let at = 0; at < rank.start.length; at += 1) {
      family[rank.name[at] as number] = familyNumber[rank.family[at] as number] ?? OTHER;
    }
    return Uint32Array.from(rank.names, (title, at) => this.#number(title, family[at] as number));
  }

  #number(title: string, family: number): number {
    const key = `${family} ${title}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.all.length);
    this.all.push({ title, family });
    return this.all.length - 1;
  }
}
