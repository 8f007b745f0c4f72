import { rowAt } from './lane-layout.js';
import { lengthOf, moved, zoomed, type Span } from './time-scale.js';
import { firstEndingAfter, type Row } from './trace.js';
import type { TraceModel } from './trace-model.js';

/** What the pointer needs to know of the surface it is on. Heights and positions in CSS pixels. */
export interface PointerTarget {
  readonly model: TraceModel;
  readonly canvas: HTMLCanvasElement;
  /** How far the rows are scrolled down. */
  scrollTop: number;
  /** Whether only time is marked here and no rows: the ruler. */
  readonly isRuler: boolean;
  hover(slice: number, event: PointerEvent | null): void;
}

const CLICK_PX = 4;
const WHEEL_ZOOM = 1.0016;
const PINCH_ZOOM = 1.01;

/** Mouse, pen and fingers: drag moves, shift-drag (or a drag on the ruler) marks, wheel and pinch zoom, click selects. */
export class TimelinePointer {
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #start: { x: number; y: number; timeUs: number } | null = null;
  #isMarking = false;
  #hasMoved = false;
  /** The time under the pointer, or null while it is elsewhere. */
  timeUs: number | null = null;

  constructor(readonly target: PointerTarget) {
    const { canvas } = target;
    canvas.addEventListener('pointerdown', event => this.#down(event));
    canvas.addEventListener('pointermove', event => this.#move(event));
    canvas.addEventListener('pointerup', event => this.#up(event));
    canvas.addEventListener('pointercancel', event => this.#up(event));
    canvas.addEventListener('pointerleave', () => {
      this.timeUs = null;
      target.hover(-1, null);
    });
    canvas.addEventListener('dblclick', () => target.model.showSelection());
    canvas.addEventListener('wheel', event => this.#wheel(event), { passive: false });
  }

  #timeAt(clientX: number): number {
    const box = this.target.canvas.getBoundingClientRect();
    const { span } = this.target.model;
    return span.startUs + ((clientX - box.left) / box.width) * lengthOf(span);
  }

  #usPerPx(): number {
    return lengthOf(this.target.model.span) / (this.target.canvas.clientWidth || 1);
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.target.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.#start = { x: event.clientX, y: event.clientY, timeUs: this.#timeAt(event.clientX) };
    this.#isMarking = event.shiftKey || this.target.isRuler;
    this.#hasMoved = false;
    this.target.hover(-1, null);
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    this.timeUs = this.#timeAt(event.clientX);
    if (!before || !this.#start) {
      this.target.hover(this.#sliceUnder(event), event);
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    const distance = Math.hypot(now.x - this.#start.x, now.y - this.#start.y);
    if (!this.#hasMoved && distance < CLICK_PX) return;
    this.#hasMoved = true;
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, now);
    else if (this.#isMarking) this.#mark(event);
    else this.#drag(before, now);
    this.#pointers.set(event.pointerId, now);
  }

  #up(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size) return;
    const wasClick = !this.#hasMoved && event.type === 'pointerup';
    this.#start = null;
    if (!wasClick) return;
    const { model, isRuler } = this.target;
    model.mark(null);
    if (!isRuler) model.select(this.#sliceUnder(event));
  }

  #drag(before: { x: number; y: number }, now: { x: number; y: number }): void {
    const { model } = this.target;
    model.span = moved(model.span, (before.x - now.x) * this.#usPerPx(), model.trace.endUs);
    this.target.scrollTop += before.y - now.y;
  }

  #mark(event: PointerEvent): void {
    const { model, isRuler } = this.target;
    const from = this.#start?.timeUs ?? 0;
    const to = this.#timeAt(event.clientX);
    const span: Span = { startUs: Math.min(from, to), endUs: Math.max(from, to) };
    model.mark({ span, rows: isRuler ? null : this.#rowsBetween(this.#start?.y ?? 0, event.clientY) });
  }

  #rowsBetween(oneY: number, otherY: number): Row[] {
    const { model, canvas, scrollTop } = this.target;
    const origin = canvas.getBoundingClientRect().top - scrollTop;
    const [top, bottom] = [Math.min(oneY, otherY) - origin, Math.max(oneY, otherY) - origin];
    return model.layout.rows
      .filter(row => row.top < bottom && row.top + row.height > top)
      .flatMap(row => model.trace.rows[row.row] ?? []);
  }

  #pinch(id: number, before: { x: number; y: number }, now: { x: number; y: number }): void {
    const other = [...this.#pointers].find(([each]) => each !== id)?.[1];
    if (!other) return;
    const { model } = this.target;
    const wide = Math.max(20, Math.abs(before.x - other.x));
    const wider = Math.max(20, Math.abs(now.x - other.x));
    model.span = zoomed(model.span, wide / wider, this.#timeAt(other.x), model.trace.endUs);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { model } = this.target;
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [x, y] = [event.deltaX * unit, event.deltaY * unit];
    const isSideways = event.shiftKey || Math.abs(x) > Math.abs(y);
    if (isSideways && !event.ctrlKey) {
      model.span = moved(model.span, (Math.abs(x) > Math.abs(y) ? x : y) * this.#usPerPx(), model.trace.endUs);
    } else if (event.altKey) {
      this.target.scrollTop += y;
    } else {
      // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
      const factor = (event.ctrlKey ? PINCH_ZOOM : WHEEL_ZOOM) ** y;
      model.span = zoomed(model.span, factor, this.#timeAt(event.clientX), model.trace.endUs);
    }
  }

  #sliceUnder(event: PointerEvent): number {
    const { model, canvas, scrollTop, isRuler } = this.target;
    if (isRuler) return -1;
    const y = event.clientY - canvas.getBoundingClientRect().top + scrollTop;
    const row = model.trace.rows[rowAt(model.layout, y)?.row ?? -1];
    if (!row) return -1;
    // Slices below a pixel can be hit too: the one that is nearest within two.
    const time = this.#timeAt(event.clientX);
    const slack = this.#usPerPx() * 2;
    const { start } = model.trace.slices;
    const at = firstEndingAfter(model.trace.slices, row, time);
    if (at < row.to && (start[at] as number) <= time + slack) return at;
    const before = at - 1;
    return before >= row.from && model.spanOf(before).endUs >= time - slack ? before : -1;
  }
}
