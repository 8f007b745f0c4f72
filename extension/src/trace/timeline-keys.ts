import { moved, zoomed } from './time-scale.js';
import type { TraceModel } from './trace-model.js';

/** What the keys move of a timeline. */
export interface KeyTarget {
  readonly model: TraceModel;
  /** The time under the pointer, or in the middle. */
  focusUs(): number;
  scrollBy(px: number): void;
  askSearch(): void;
}

/** Share of the view a second of `a` or `d` moves, and the factor a second of `w` or `s` zooms. */
const MOVE_PER_SECOND = 1.4;
const ZOOM_PER_SECOND = 12;

/** `w a s d` as in Perfetto, smooth while they are held; arrows go from slice to slice. */
export class TimelineKeys {
  readonly #held = new Set<string>();
  #frame = 0;
  #lastTime = 0;

  constructor(readonly target: KeyTarget) {}

  /** Takes a key; answers whether it means something here. */
  press(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const key = event.key.toLowerCase();
    if ('wasd'.includes(key) && key.length === 1) {
      this.#hold(key);
      return true;
    }
    const { model } = this.target;
    switch (key) {
      case 'arrowleft':
      case 'arrowright':
      case 'arrowup':
      case 'arrowdown':
        this.#go(key.slice(5) as 'left' | 'right' | 'up' | 'down');
        return true;
      case 'f':
      case 'enter':
        model.showSelection();
        return true;
      case '0':
      case 'home':
        model.showAll();
        return true;
      case 'n':
        model.goToMatch(event.shiftKey ? -1 : 1);
        return true;
      case '/':
        this.target.askSearch();
        return true;
      case 'escape':
        model.mark(null);
        model.select(-1);
        return true;
      default:
        return false;
    }
  }

  release(event: KeyboardEvent): void {
    this.#held.delete(event.key.toLowerCase());
  }

  releaseAll(): void {
    this.#held.clear();
  }

  #go(direction: 'left' | 'right' | 'up' | 'down'): void {
    const { model } = this.target;
    if (model.selected < 0) {
      const isSideways = direction === 'left' || direction === 'right';
      if (isSideways) model.select(firstSliceIn(model));
      else this.target.scrollBy(direction === 'up' ? -60 : 60);
      return;
    }
    const slice = model.neighbour(direction);
    if (slice >= 0) model.reveal(slice);
  }

  #hold(key: string): void {
    if (this.#held.has(key)) return;
    this.#held.add(key);
    this.#step(1 / 12);
    if (this.#frame) return;
    this.#lastTime = performance.now();
    this.#frame = requestAnimationFrame(this.#animate);
  }

  readonly #animate = (now: number): void => {
    this.#frame = 0;
    if (!this.#held.size) return;
    this.#step(Math.min(0.1, Math.max(0, now - this.#lastTime) / 1000));
    this.#lastTime = now;
    this.#frame = requestAnimationFrame(this.#animate);
  };

  #step(seconds: number): void {
    const { model } = this.target;
    const { endUs } = model.trace;
    const direction = Number(this.#held.has('d')) - Number(this.#held.has('a'));
    const zoom = Number(this.#held.has('s')) - Number(this.#held.has('w'));
    let { span } = model;
    if (direction) span = moved(span, direction * MOVE_PER_SECOND * seconds * (span.endUs - span.startUs), endUs);
    if (zoom) span = zoomed(span, ZOOM_PER_SECOND ** (zoom * seconds), this.target.focusUs(), endUs);
    model.span = span;
  }
}

/** The first slice of the outermost row that begins in view. */
const firstSliceIn = ({ trace, span, layout }: TraceModel): number => {
  for (const { row } of layout.rows) {
    const { from, to } = trace.rows[row] ?? { from: 0, to: 0 };
    for (let at = from; at < to; at += 1) {
      const start = trace.slices.start[at] as number;
      if (start > span.endUs) break;
      if (start >= span.startUs) return at;
    }
  }
  return -1;
};
