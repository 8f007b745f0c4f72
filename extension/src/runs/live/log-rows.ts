/** Lines of the output that a log shows: all of them, or those that a filter found. */
export interface LineList {
  readonly count: number;
  /** The number of the line at a place, from 0. */
  numberAt(place: number): number;
  /** How many of the lines have this number or a lower one. */
  upTo(number: number): number;
}

export const allLines = (count: number): LineList => ({
  count,
  numberAt: place => place + 1,
  upTo: number => Math.min(number, count)
});

/** Lines with these numbers, in rising order. */
export const someLines = (numbers: readonly number[]): LineList => ({
  count: numbers.length,
  numberAt: place => numbers[place] ?? 0,
  upTo: number => firstWhere(numbers.length, at => (numbers[at] ?? 0) > number)
});

/** What a row of the log shows: a line of the output by its number, or a sentence by its place among the sentences. */
export type LogRow = { readonly number: number } | { readonly sentence: number };

/** Lines and the sentences between them as one list. `anchors` are the numbers of the lines that sentences stand below. */
export class LogRows {
  constructor(
    readonly lines: LineList,
    readonly anchors: readonly number[]
  ) {}

  get count(): number {
    return this.lines.count + this.anchors.length;
  }

  at(row: number): LogRow {
    const before = firstWhere(this.anchors.length, at => this.#rowOfSentence(at) > row);
    if (before > 0 && this.#rowOfSentence(before - 1) === row) return { sentence: before - 1 };
    return { number: this.lines.numberAt(row - before) };
  }

  /** The row of a line, or where it would be. */
  rowOf(number: number): number {
    const sentences = firstWhere(this.anchors.length, at => (this.anchors[at] ?? 0) >= number);
    return this.lines.upTo(number - 1) + sentences;
  }

  #rowOfSentence(at: number): number {
    return this.lines.upTo(this.anchors[at] ?? 0) + at;
  }
}

/** The first place that a rising condition holds for; the length when it never does. */
export const firstWhere = (length: number, holds: (at: number) => boolean): number => {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};
