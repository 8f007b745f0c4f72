import type { TraceColors } from './colors.js';
import { RowPainter } from './paint-rows.js';
import { xOf } from './paint-time.js';
import { Surface } from './surface.js';
import { lengthOf, moved, wholeSpan, type Span } from './time-scale.js';
import type { TraceModel } from './trace-model.js';

const MAX_ROWS = 10;
export const MINIMAP_HEIGHT = 34;

/** The whole trace in a few lines, with a frame around what is shown below; drag the frame, or click to go there. */
export class Minimap {
  readonly surface = new Surface('jp-BottegaTrace-minimap');
  readonly #painter = new RowPainter();
  #picture: HTMLCanvasElement | null = null;
  #grabbedAt: number | null = null;

  constructor(readonly model: TraceModel) {
    const { canvas } = this.surface;
    canvas.addEventListener('pointerdown', event => this.#grab(event));
    canvas.addEventListener('pointermove', event => this.#drag(event));
    canvas.addEventListener('pointerup', () => (this.#grabbedAt = null));
    canvas.addEventListener('pointercancel', () => (this.#grabbedAt = null));
  }

  /** Paints anew at the next frame: another size or theme. */
  invalidate(): void {
    this.#picture = null;
  }

  paint(colors: TraceColors): void {
    const { context, width, height, ratio } = this.surface;
    if (!width) return;
    this.#picture ??= this.#paintPicture(colors);
    context.clearRect(0, 0, width, height);
    context.drawImage(this.#picture, 0, 0);
    const left = Math.round(xOf(this.model.span.startUs, this.#whole, width));
    const right = Math.max(left + 2, Math.round(xOf(this.model.span.endUs, this.#whole, width)));
    context.fillStyle = colors.background;
    context.globalAlpha = 0.72;
    context.fillRect(0, 0, left, height);
    context.fillRect(right, 0, width - right, height);
    context.globalAlpha = 1;
    context.strokeStyle = colors.accent;
    context.lineWidth = 1.5 * ratio;
    context.strokeRect(left + ratio, ratio, Math.max(1, right - left - 2 * ratio), height - 2 * ratio);
  }

  get #whole(): Span {
    return wholeSpan(this.model.trace.endUs);
  }

  #paintPicture(colors: TraceColors): HTMLCanvasElement {
    const { width, height, ratio } = this.surface;
    const picture = document.createElement('canvas');
    picture.width = width;
    picture.height = height;
    const { trace, drawn } = this.model;
    const rows = outlineRows(this.model);
    const rowHeight = (height / ratio - 8) / rows.length;
    const placed = rows.map((row, at) => ({ row, top: 4 + at * rowHeight, height: rowHeight }));
    const window = { ...this.#whole, widthPx: width };
    const painting = { trace, slices: drawn, rows: trace.rows, window, colors, ratio, faintest: 0.25 };
    this.#painter.paint(picture.getContext('2d') as CanvasRenderingContext2D, placed, 0, painting);
    return picture;
  }

  #timeAt(event: PointerEvent): number {
    const box = this.surface.canvas.getBoundingClientRect();
    return this.#whole.startUs + ((event.clientX - box.left) / box.width) * lengthOf(this.#whole);
  }

  #grab(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.surface.canvas.setPointerCapture(event.pointerId);
    const time = this.#timeAt(event);
    const { span } = this.model;
    if (time < span.startUs || time > span.endUs) this.#centre(time);
    this.#grabbedAt = time;
  }

  #drag(event: PointerEvent): void {
    if (this.#grabbedAt === null) return;
    const time = this.#timeAt(event);
    this.model.span = moved(this.model.span, time - this.#grabbedAt, this.model.trace.endUs);
    this.#grabbedAt = time;
  }

  #centre(time: number): void {
    const { span, trace } = this.model;
    this.model.span = moved(span, time - (span.startUs + span.endUs) / 2, trace.endUs);
  }
}

/** The rows below the outermost of each lane: the outermost is often one long step. */
const outlineRows = ({ trace }: TraceModel): number[] => {
  const perLane = Math.max(1, Math.floor(MAX_ROWS / trace.lanes.length));
  return trace.lanes
    .flatMap(({ firstRow, depth }) => Array.from({ length: Math.min(depth, perLane) }, (_, at) => firstRow + at))
    .slice(0, MAX_ROWS);
};
