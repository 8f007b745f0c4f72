/** Families of operators, as the engine names them (native/bottega_engine/traces/families.py). */
export const families = ['matmul', 'attention', 'norm', 'optimizer', 'communication', 'copy', 'host', 'other'] as const;
export type Family = (typeof families)[number];

/**
 * Slices as columns, sorted by row and start. Slices of one row do not overlap, so both their starts and their ends
 * are in order. Times are in microseconds since the start of the trace.
 */
export interface Slices {
  readonly start: Float64Array;
  readonly duration: Float32Array;
  /** Duration without that of nested slices. */
  readonly self: Float32Array;
  /** Index in `Trace.names`. */
  readonly name: Uint32Array;
}

/** One line of the timeline: the slices of a lane at one depth, as a range of the columns. */
export interface Row {
  readonly lane: number;
  readonly depth: number;
  readonly from: number;
  readonly to: number;
}

/** A thread or stream. Its rows are `firstRow` to `firstRow + depth - 1`. */
export interface Lane {
  readonly rank: number;
  readonly process: string;
  readonly thread: string;
  readonly firstRow: number;
  readonly depth: number;
}

/** The operators of a trace: a title and its family. */
export interface Operator {
  readonly title: string;
  /** Index in `families`. */
  readonly family: number;
}

export interface Trace {
  readonly slices: Slices;
  readonly rows: readonly Row[];
  readonly lanes: readonly Lane[];
  readonly names: readonly Operator[];
  /** Of each name, as an array, because drawing asks for it for every box. */
  readonly familyOfName: Uint8Array;
  readonly endUs: number;
  /** Whether slices are missing: the trace was too large or cut. */
  readonly isTruncated: boolean;
}

/** The first index of a range whose value is not below a limit; the values are in order. */
export const lowerBound = (values: Float64Array, limit: number, from: number, to: number): number => {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The first slice of a row that ends after a time. */
export const firstEndingAfter = ({ start, duration }: Slices, row: Row, time: number): number => {
  const at = lowerBound(start, time, row.from, row.to);
  const before = at - 1;
  return before >= row.from && (start[before] as number) + (duration[before] as number) > time ? before : at;
};

/** The slice of a row at a time, or -1. */
export const sliceAt = (slices: Slices, row: Row, time: number): number => {
  const at = firstEndingAfter(slices, row, time);
  return at < row.to && (slices.start[at] as number) <= time ? at : -1;
};
