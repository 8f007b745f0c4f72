/** More points than this are thinned; a screen shows a hundredth of it. */
const MAX_POINTS = 1 << 17;

/** The values of one metric by step, in the order of steps. NaN stands for what was no finite number. */
export class Series {
  #steps = new Float64Array(256);
  #values = new Float64Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Views of the data; they are valid until the next `add`. */
  get steps(): Float64Array {
    return this.#steps.subarray(0, this.#length);
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  get last(): number | null {
    const value = this.#length ? this.#values[this.#length - 1] : undefined;
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /** A second value for a step replaces the first; a step from before (a script may count anew) goes to its place. */
  add(step: number, value: number | null): void {
    const at = this.#placeOf(step);
    const isNew = at === this.#length || this.#steps[at] !== step;
    if (isNew) this.#makeRoom(at);
    this.#steps[at] = step;
    this.#values[at] = value ?? NaN;
    if (this.#length >= MAX_POINTS) this.#thin();
  }

  #placeOf(step: number): number {
    let low = 0;
    let high = this.#length;
    if (!high || step > (this.#steps[high - 1] ?? 0)) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#steps[middle] ?? 0) < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #makeRoom(at: number): void {
    if (this.#length === this.#steps.length) {
      this.#steps = grown(this.#steps);
      this.#values = grown(this.#values);
    }
    this.#steps.copyWithin(at + 1, at, this.#length);
    this.#values.copyWithin(at + 1, at, this.#length);
    this.#length += 1;
  }

  #thin(): void {
    const points = downsample(this.steps, this.values, MAX_POINTS / 4);
    this.#steps.set(points.steps);
    this.#values.set(points.values);
    this.#length = points.steps.length;
  }
}

const grown = (array: Float64Array): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
};

export interface Points {
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

/**
 * At most about twice `buckets` points that draw the same line: the lowest and the highest value of each bucket of
 * steps, and the first and last point. Spikes stay; averages would hide them.
 */
export const downsample = (steps: Float64Array, values: Float64Array, buckets: number): Points => {
  const count = steps.length;
  if (count <= buckets * 2) return { steps: steps.slice(), values: values.slice() };
  const kept: number[] = [];
  const keep = (at: number): void => {
    if (kept.at(-1) !== at) kept.push(at);
  };
  const first = steps[0] ?? 0;
  const width = ((steps[count - 1] ?? 0) - first) / buckets || 1;
  keep(0);
  for (let from = 0; from < count;) {
    const bucket = Math.floor(((steps[from] ?? 0) - first) / width);
    let to = from;
    let lowest = from;
    let highest = from;
    for (; to < count && Math.floor(((steps[to] ?? 0) - first) / width) === bucket; to += 1) {
      const value = values[to] ?? NaN;
      // A comparison with NaN is false: it is replaced by the first finite value and never replaces one.
      if (!(value >= (values[lowest] ?? NaN))) if (!Number.isNaN(value)) lowest = to;
      if (!(value <= (values[highest] ?? NaN))) if (!Number.isNaN(value)) highest = to;
    }
    keep(Math.min(lowest, highest));
    keep(Math.max(lowest, highest));
    from = to;
  }
  keep(count - 1);
  return {
    steps: Float64Array.from(kept, at => steps[at] ?? 0),
    values: Float64Array.from(kept, at => values[at] ?? NaN)
  };
};

/** An exponential moving average that starts unbiased (as in Adam, Kingma and Ba 2015). NaN passes through. */
export const smoothed = (values: Float64Array, weight: number): Float64Array => {
  let average = 0;
  let share = 0;
  return values.map(value => {
    if (Number.isNaN(value)) return NaN;
    average = weight * average + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return average / share;
  });
};
