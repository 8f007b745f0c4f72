import { Blocks, type DrawnSlices } from './frame.js';
import type { Row, Trace } from './trace.js';

/** The slices that a search found, in the same rows, with their place in the trace. */
export interface Matches {
  readonly slices: DrawnSlices;
  readonly rows: readonly Row[];
  /** Index in the trace of each slice. */
  readonly source: Uint32Array;
  /** By start: indexes in the trace, to go from one to the next. */
  readonly ordered: Uint32Array;
}

/** Every slice whose operator has the text in its name; null for an empty text. */
export const search = (trace: Trace, text: string): Matches | null => {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  const isMatch = Uint8Array.from(trace.names, ({ title }) => (title.toLowerCase().includes(wanted) ? 1 : 0));
  const { start, duration, self, name } = trace.slices;
  let count = 0;
  for (let at = 0; at < name.length; at += 1) count += isMatch[name[at] as number] as number;
  const source = new Uint32Array(count);
  const rows: Row[] = [];
  let next = 0;
  for (const row of trace.rows) {
    const from = next;
    for (let at = row.from; at < row.to; at += 1) if (isMatch[name[at] as number]) source[next++] = at;
    rows.push({ ...row, from, to: next });
  }
  const chosenDuration = Float32Array.from(source, at => duration[at] as number);
  return {
    slices: {
      start: Float64Array.from(source, at => start[at] as number),
      duration: chosenDuration,
      self: Float32Array.from(source, at => self[at] as number),
      name: Uint32Array.from(source, at => name[at] as number),
      blocks: new Blocks(chosenDuration)
    },
    rows,
    source,
    ordered: source.slice().sort((one, other) => (start[one] as number) - (start[other] as number))
  };
};
