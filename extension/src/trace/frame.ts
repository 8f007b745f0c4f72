import { firstEndingAfter, type Row, type Slices } from './trace.js';

/** What part of time is drawn on how many device pixels. */
export interface TimeWindow {
  readonly startUs: number;
  readonly endUs: number;
  readonly widthPx: number;
}

/**
 * A row, ready to paint: boxes for slices of a pixel and more, and for each pixel what the slices below that size
 * come to. Made once and filled again for every row of every frame.
 */
export class RowFrame {
  /** Boxes: index of the slice, left and right edge in pixels. */
  boxSlice = new Uint32Array(4096);
  boxLeft = new Int32Array(4096);
  boxRight = new Int32Array(4096);
  boxCount = 0;
  /** By pixel: index of the longest small slice plus one; 0 where there is none. */
  pixelSlice = new Uint32Array(0);
  /** By pixel: the share of its time that small slices cover. */
  pixelShare = new Float32Array(0);
  hasPixels = false;

  reset(widthPx: number): void {
    this.boxCount = 0;
    if (this.pixelSlice.length !== widthPx) {
      this.pixelSlice = new Uint32Array(widthPx);
      this.pixelShare = new Float32Array(widthPx);
    } else if (this.hasPixels) {
      this.pixelSlice.fill(0);
    }
    this.hasPixels = false;
  }

  addBox(slice: number, left: number, right: number): void {
    if (this.boxCount === this.boxSlice.length) {
      this.boxSlice = grown(this.boxSlice, new Uint32Array(this.boxCount * 2));
      this.boxLeft = grown(this.boxLeft, new Int32Array(this.boxCount * 2));
      this.boxRight = grown(this.boxRight, new Int32Array(this.boxCount * 2));
    }
    this.boxSlice[this.boxCount] = slice;
    this.boxLeft[this.boxCount] = left;
    this.boxRight[this.boxCount] = right;
    this.boxCount += 1;
  }

  addPixel(pixel: number, slice: number, share: number): void {
    if (pixel < 0 || pixel >= this.pixelSlice.length) return;
    this.pixelSlice[pixel] = slice + 1;
    this.pixelShare[pixel] = share;
    this.hasPixels = true;
  }
}

const grown = <T extends Uint32Array | Int32Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};

const BLOCK_BITS = 6;
const BLOCK = 1 << BLOCK_BITS;

/** The longest slice and the time of every 64 slices: a pixel over thousands of them costs as little as one over few. */
export class Blocks {
  readonly longest: Uint32Array;
  readonly timeUs: Float64Array;

  constructor(readonly duration: Float32Array) {
    const count = Math.ceil(duration.length / BLOCK);
    this.longest = new Uint32Array(count);
    this.timeUs = new Float64Array(count);
    for (let block = 0; block < count; block += 1) {
      const end = Math.min(duration.length, (block + 1) * BLOCK);
      let longest = block * BLOCK;
      let time = 0;
      for (let at = longest; at < end; at += 1) {
        const length = duration[at] as number;
        time += length;
        if (length > (duration[longest] as number)) longest = at;
      }
      this.longest[block] = longest;
      this.timeUs[block] = time;
    }
  }
}

/** Slices with what makes them quick to draw. */
export interface DrawnSlices extends Slices {
  readonly blocks: Blocks;
}

/**
 * Lays one row out. Pixels lie on a grid that starts at time zero and not at the edge of the window, so that a dense
 * row keeps its colours while it is moved.
 */
export const layoutRow = (slices: DrawnSlices, row: Row, window: TimeWindow, frame: RowFrame): void => {
  const { start, duration } = slices;
  const pixelUs = (window.endUs - window.startUs) / window.widthPx;
  const firstPixel = Math.round(window.startUs / pixelUs);
  const endUs = (firstPixel + window.widthPx) * pixelUs;
  frame.reset(window.widthPx);
  let at = firstEndingAfter(slices, row, firstPixel * pixelUs);
  while (at < row.to) {
    const from = start[at] as number;
    if (from >= endUs) break;
    const length = duration[at] as number;
    if (length >= pixelUs) {
      const left = Math.round(from / pixelUs) - firstPixel;
      const right = Math.round((from + length) / pixelUs) - firstPixel;
      frame.addBox(at, left, Math.max(left + 1, right));
      at += 1;
    } else {
      const pixel = Math.floor(from / pixelUs);
      at = mergePixel(slices, at, row.to, (pixel + 1) * pixelUs, pixelUs, frame, pixel - firstPixel);
    }
  }
};

/** Merges the small slices that begin before the end of a pixel; answers the first slice after them. */
const mergePixel = (
  { start, duration, blocks }: DrawnSlices,
  from: number,
  rowEnd: number,
  pixelEndUs: number,
  pixelUs: number,
  frame: RowFrame,
  pixel: number
): number => {
  let longest = from;
  let longestUs = 0;
  let timeUs = 0;
  let at = from;
  while (at < rowEnd && (start[at] as number) < pixelEndUs) {
    let candidate = at;
    let step = 1;
    let length = duration[at] as number;
    let spentUs = length;
    const last = at + BLOCK - 1;
    if (!(at & (BLOCK - 1)) && last < rowEnd && (start[last] as number) < pixelEndUs) {
      const longestOfBlock = blocks.longest[at >> BLOCK_BITS] as number;
      if ((duration[longestOfBlock] as number) < pixelUs) {
        candidate = longestOfBlock;
        step = BLOCK;
        length = duration[candidate] as number;
        spentUs = blocks.timeUs[at >> BLOCK_BITS] as number;
      }
    }
    // Only the last slice that begins in a pixel can be longer than it; it becomes a box.
    if (length >= pixelUs) break;
    timeUs += spentUs;
    if (length > longestUs) {
      longest = candidate;
      longestUs = length;
    }
    at += step;
  }
  frame.addPixel(pixel, longest, Math.min(1, timeUs / pixelUs));
  return at;
};
