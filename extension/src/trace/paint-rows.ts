import type { TraceColors } from './colors.js';
import { layoutRow, RowFrame, type DrawnSlices, type TimeWindow } from './frame.js';
import type { PlacedRow } from './lane-layout.js';
import type { Row, Trace } from './trace.js';

/** Narrower boxes become pixels of the image; fewer boxes are drawn one by one. */
const MIN_BOX_PX = 4;
const LABEL_FONT_PX = 11;
const MIN_LABEL_PX = 26;
const TYPICAL = 'aten::addmm_Backward0';

export interface RowPainting {
  readonly trace: Trace;
  readonly slices: DrawnSlices;
  readonly rows: readonly Row[];
  readonly window: TimeWindow;
  readonly colors: TraceColors;
  /** Device pixels in a CSS pixel. */
  readonly ratio: number;
  /** The least strength of a pixel, so that a lone short slice is still seen. */
  readonly faintest: number;
}

/** Paints rows of slices. What is smaller than a few pixels is written into an image of one line a row. */
export class RowPainter {
  readonly #frame = new RowFrame();
  readonly #canvas = document.createElement('canvas');
  readonly #families = new Uint8Array(1 << 16);
  #characterPx = 1;

  /** `top` is the scroll position in CSS pixels. */
  paint(context: CanvasRenderingContext2D, placed: readonly PlacedRow[], top: number, painting: RowPainting): void {
    const { window, ratio } = painting;
    if (!placed.length || window.widthPx < 1) return;
    const canvas = this.#canvas;
    canvas.width = window.widthPx;
    canvas.height = placed.length;
    const strips = canvas.getContext('2d') as CanvasRenderingContext2D;
    const image = strips.createImageData(window.widthPx, placed.length);
    const pixels = new Uint32Array(image.data.buffer);
    const labels: (() => void)[] = [];
    context.font = `${LABEL_FONT_PX * ratio}px ${painting.colors.font}`;
    // Measuring every label would cost more than painting it.
    this.#characterPx = context.measureText(TYPICAL).width / TYPICAL.length;
    placed.forEach((row, line) => {
      const source = painting.rows[row.row];
      if (!source || source.from === source.to) return;
      layoutRow(painting.slices, source, window, this.#frame);
      const y = Math.round((row.top - top) * ratio);
      const height = barHeight(row.height, ratio);
      this.#paintPixels(pixels.subarray(line * window.widthPx, (line + 1) * window.widthPx), painting);
      this.#paintBoxes(context, y, height, painting, row.height > LABEL_FONT_PX ? labels : null);
    });
    strips.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    placed.forEach((row, line) => {
      const y = Math.round((row.top - top) * ratio);
      context.drawImage(canvas, 0, line, window.widthPx, 1, 0, y, window.widthPx, barHeight(row.height, ratio));
    });
    context.textBaseline = 'middle';
    for (const paintLabel of labels) paintLabel();
  }

  #paintPixels(pixels: Uint32Array, { trace, slices, colors, faintest }: RowPainting): void {
    const frame = this.#frame;
    const colorOf = (slice: number): number =>
      colors.pixel[trace.familyOfName[slices.name[slice] as number] as number] as number;
    if (frame.hasPixels) {
      for (let at = 0; at < pixels.length; at += 1) {
        const slice = frame.pixelSlice[at] as number;
        if (!slice) continue;
        const share = frame.pixelShare[at] as number;
        const alpha = Math.round(255 * (faintest + (1 - faintest) * share));
        pixels[at] = colorOf(slice - 1) | (alpha << 24);
      }
    }
    for (let box = 0; box < frame.boxCount; box += 1) {
      const left = frame.boxLeft[box] as number;
      const right = frame.boxRight[box] as number;
      if (right - left >= MIN_BOX_PX) continue;
      const color = colorOf(frame.boxSlice[box] as number) | (255 << 24);
      // Two neighbours stay two as long as there is room for a gap.
      const end = right - left > 2 ? right - 1 : right;
      for (let at = Math.max(0, left); at < end && at < pixels.length; at += 1) pixels[at] = color;
    }
  }

  #paintBoxes(
    context: CanvasRenderingContext2D,
    y: number,
    height: number,
    { trace, slices, colors, ratio, window }: RowPainting,
    labels: (() => void)[] | null
  ): void {
    const frame = this.#frame;
    const families = this.#families;
    let seen = 0;
    for (let box = 0; box < frame.boxCount; box += 1) {
      const family = trace.familyOfName[slices.name[frame.boxSlice[box] as number] as number] as number;
      families[box] = family;
      seen |= 1 << family;
    }
    // By family: setting the colour costs more than a box.
    for (let family = 0; seen >> family; family += 1) {
      if (!((seen >> family) & 1)) continue;
      context.fillStyle = colors.fill[family] as string;
      for (let box = 0; box < frame.boxCount; box += 1) {
        if (families[box] !== family) continue;
        const left = frame.boxLeft[box] as number;
        const right = frame.boxRight[box] as number;
        if (right - left < MIN_BOX_PX) continue;
        const from = Math.max(left, -2);
        const to = Math.min(right - 1, window.widthPx + 2);
        context.fillRect(from, y, to - from, height);
        if (!labels || right - left < MIN_LABEL_PX * ratio) continue;
        const title = trace.names[slices.name[frame.boxSlice[box] as number] as number]?.title ?? '';
        const x = Math.max(left, 0) + 4 * ratio;
        const text = cut(title, (Math.min(right, window.widthPx) - x - 3 * ratio) / this.#characterPx);
        if (!text) continue;
        const color = colors.text[family] as string;
        labels.push(() => {
          context.fillStyle = color;
          context.fillText(text, x, y + height / 2 + ratio / 2);
        });
      }
    }
  }
}

const barHeight = (rowHeight: number, ratio: number): number =>
  Math.max(1, Math.round((rowHeight > 8 ? rowHeight - 2 : rowHeight - 0.5) * ratio));

/** The title, or its last part, or as much of that as there is room for. */
const cut = (title: string, characters: number): string => {
  if (title.length <= characters) return title;
  const short = title.replace(/^.*(?:::?\s*)(?=\S)/, '');
  if (short.length <= characters) return short;
  return characters >= 4 ? `${short.slice(0, Math.floor(characters) - 1)}…` : '';
};
