import { Signal, type ISignal } from '@lumino/signaling';
import { Blocks, type DrawnSlices } from './frame.js';
import { layoutLanes, laneKey, groupKey, type LaneLayout } from './lane-layout.js';
import { search, type Matches } from './search.js';
import { around, clamped, wholeSpan, type Span } from './time-scale.js';
import { lowerBound, sliceAt, type Lane, type Row, type Trace } from './trace.js';

/** What a person marked: a stretch of time, and the rows it was drawn over (all of them when drawn on the ruler). */
export interface MarkedRange {
  readonly span: Span;
  readonly rows: readonly Row[] | null;
}

/** What is shown of a trace: which time, what is selected, marked, searched and folded. */
export class TraceModel {
  readonly drawn: DrawnSlices;
  #span: Span;
  #layout: LaneLayout;
  #selected = -1;
  #marked: MarkedRange | null = null;
  #query = '';
  #matches: Matches | null = null;
  readonly #folded = new Set<string>();
  readonly #viewChanged = new Signal<this, void>(this);
  readonly #changed = new Signal<this, void>(this);

  constructor(readonly trace: Trace) {
    this.drawn = { ...trace.slices, blocks: new Blocks(trace.slices.duration) };
    this.#span = wholeSpan(trace.endUs);
    this.#layout = layoutLanes(trace, this.#folded);
  }

  /** Emits when another stretch of time is shown. */
  get viewChanged(): ISignal<this, void> {
    return this.#viewChanged;
  }

  /** Emits when anything else changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get span(): Span {
    return this.#span;
  }

  set span(span: Span) {
    this.#span = clamped(span, this.trace.endUs);
    this.#viewChanged.emit();
  }

  get layout(): LaneLayout {
    return this.#layout;
  }

  /** Index of the selected slice, or -1. */
  get selected(): number {
    return this.#selected;
  }

  get marked(): MarkedRange | null {
    return this.#marked;
  }

  get query(): string {
    return this.#query;
  }

  get matches(): Matches | null {
    return this.#matches;
  }

  select(slice: number): void {
    if (slice === this.#selected) return;
    this.#selected = slice;
    this.#changed.emit();
  }

  mark(range: MarkedRange | null): void {
    if (!range && !this.#marked) return;
    this.#marked = range;
    this.#changed.emit();
  }

  search(text: string): void {
    if (text === this.#query) return;
    this.#query = text;
    this.#matches = search(this.trace, text);
    this.#changed.emit();
  }

  /** Selects the next match after the selection (or the one before it) and brings it into view. */
  goToMatch(direction: 1 | -1): void {
    const ordered = this.#matches?.ordered;
    if (!ordered?.length) return;
    const at = this.#selected < 0 ? -1 : ordered.indexOf(this.#selected);
    const next = at < 0 ? (direction > 0 ? 0 : ordered.length - 1) : (at + direction + ordered.length) % ordered.length;
    this.reveal(ordered[next] as number);
  }

  /** Selects a slice and moves there; zooms only when it would be too small or too large to see. */
  reveal(slice: number): void {
    this.#unfold(this.laneOf(slice));
    this.select(slice);
    const { startUs, endUs } = this.spanOf(slice);
    const shown = this.#span.endUs - this.#span.startUs;
    const length = endUs - startUs;
    if (length > shown || length < shown / 200) {
      this.span = around({ startUs: startUs - 4 * length, endUs: endUs + 4 * length }, this.trace.endUs);
    } else if (startUs < this.#span.startUs || endUs > this.#span.endUs) {
      const middle = (startUs + endUs) / 2;
      this.span = { startUs: middle - shown / 2, endUs: middle + shown / 2 };
    }
  }

  showAll(): void {
    this.span = wholeSpan(this.trace.endUs);
  }

  /** Fills the view with the selection, else with the marked range. */
  showSelection(): void {
    if (this.#selected >= 0) this.span = around(this.spanOf(this.#selected), this.trace.endUs);
    else if (this.#marked) this.span = around(this.#marked.span, this.trace.endUs);
  }

  fold(key: string): void {
    if (!this.#folded.delete(key)) this.#folded.add(key);
    this.#layout = layoutLanes(this.trace, this.#folded);
    this.#changed.emit();
  }

  spanOf(slice: number): Span {
    const { start, duration } = this.trace.slices;
    const startUs = start[slice] as number;
    return { startUs, endUs: startUs + (duration[slice] as number) };
  }

  rowOf(slice: number): number {
    return this.trace.rows.findIndex(row => slice >= row.from && slice < row.to);
  }

  laneOf(slice: number): number {
    return this.trace.rows[this.rowOf(slice)]?.lane ?? 0;
  }

  /** The slice beside the selected one: before, after, around or inside it; -1 when there is none. */
  neighbour(direction: 'left' | 'right' | 'up' | 'down'): number {
    const slice = this.#selected;
    const number = this.rowOf(slice);
    const row = this.trace.rows[number];
    if (!row) return -1;
    if (direction === 'left') return slice > row.from ? slice - 1 : -1;
    if (direction === 'right') return slice + 1 < row.to ? slice + 1 : -1;
    const { startUs, endUs } = this.spanOf(slice);
    const other = this.trace.rows[number + (direction === 'up' ? -1 : 1)];
    if (!other || other.lane !== row.lane) return -1;
    if (direction === 'up') return sliceAt(this.trace.slices, other, startUs);
    const child = lowerBound(this.trace.slices.start, startUs, other.from, other.to);
    return child < other.to && (this.trace.slices.start[child] as number) < endUs ? child : -1;
  }

  dispose(): void {
    Signal.clearData(this);
  }

  #unfold(number: number): void {
    const lane = this.trace.lanes[number] as Lane;
    for (const key of [laneKey(number), groupKey(lane.rank, lane.process)]) if (this.#folded.has(key)) this.fold(key);
  }
}
