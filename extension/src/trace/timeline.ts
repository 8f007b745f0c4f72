import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { IDisposable } from '@lumino/disposable';
import { watchTheme } from '../state/theme.js';
import { traceColors, type TraceColors } from './colors.js';
import { laneNames } from './lane-names.js';
import { Minimap, MINIMAP_HEIGHT } from './minimap.js';
import { RowPainter, type RowPainting } from './paint-rows.js';
import { paintGrid, paintMark, paintRuler, xOf } from './paint-time.js';
import { Surface } from './surface.js';
import { formatMicroseconds } from './time-scale.js';
import { TimelineKeys } from './timeline-keys.js';
import { TimelinePointer } from './timeline-pointer.js';
import type { TraceModel } from './trace-model.js';

const RULER_HEIGHT = 24;
/** What does not fit a search is this faint. */
const DIMMED = 0.16;

/** The picture of a trace: overview, ruler, and the rows of slices with their names. Paints once a frame at most. */
export class Timeline extends Widget {
  readonly #rows = new Surface('jp-BottegaTrace-rows');
  readonly #ruler = new Surface('jp-BottegaTrace-ruler');
  readonly #minimap: Minimap;
  readonly #scroller = document.createElement('div');
  readonly #names = document.createElement('div');
  readonly #content = document.createElement('div');
  readonly #tooltip = document.createElement('div');
  readonly #painter = new RowPainter();
  readonly #keys: TimelineKeys;
  readonly #pointer: TimelinePointer;
  readonly #theme: IDisposable;
  #colors: TraceColors | null = null;
  #layout: unknown = null;
  #hovered = -1;
  #frame = 0;

  constructor(
    readonly model: TraceModel,
    readonly trans: TranslationBundle,
    askSearch: () => void
  ) {
    super();
    this.addClass('jp-BottegaTrace-timeline');
    this.#minimap = new Minimap(model);
    this.#build();
    const scroller = this.#scroller;
    this.#pointer = new TimelinePointer({
      model,
      canvas: this.#rows.canvas,
      isRuler: false,
      get scrollTop() {
        return scroller.scrollTop;
      },
      set scrollTop(top) {
        scroller.scrollTop = top;
      },
      hover: (slice, event) => this.#hover(slice, event)
    });
    new TimelinePointer({ model, canvas: this.#ruler.canvas, isRuler: true, scrollTop: 0, hover: () => undefined });
    this.#keys = new TimelineKeys({
      model,
      focusUs: () => this.#pointer.timeUs ?? (model.span.startUs + model.span.endUs) / 2,
      scrollBy: px => (this.#scroller.scrollTop += px),
      askSearch
    });
    this.#theme = watchTheme(() => {
      this.#colors = null;
      this.#minimap.invalidate();
      this.repaint();
    });
    model.viewChanged.connect(this.repaint, this);
    model.changed.connect(this.#onChange, this);
  }

  /** Paints at the next frame. */
  repaint(): void {
    if (this.isVisible) this.#frame ||= requestAnimationFrame(() => this.paint());
  }

  /** Paints now. */
  paint(): void {
    this.#frame = 0;
    if (!this.isVisible || !this.#rows.width) return;
    this.#colors ??= traceColors(this.node);
    this.#paintRows(this.#colors);
    const { context, width, height, ratio } = this.#ruler;
    paintRuler(context, this.model.span, width, height, ratio, this.#colors);
    const { marked, span } = this.model;
    if (marked) paintMark(context, marked.span, span, { width, top: 0, bottom: height }, ratio, this.#colors);
    this.#minimap.paint(this.#colors);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    cancelAnimationFrame(this.#frame);
    this.#theme.dispose();
    this.model.viewChanged.disconnect(this.repaint, this);
    this.model.changed.disconnect(this.#onChange, this);
    super.dispose();
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.#fit();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.#fit();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.#fit();
  }

  protected override onActivateRequest(): void {
    this.#scroller.focus();
  }

  #build(): void {
    const head = document.createElement('div');
    head.className = 'jp-BottegaTrace-head';
    head.append(this.#minimap.surface.canvas, this.#ruler.canvas);
    this.#scroller.className = 'jp-BottegaTrace-scroller';
    this.#scroller.tabIndex = 0;
    this.#scroller.setAttribute('role', 'application');
    this.#scroller.setAttribute(
      'aria-label',
      this.trans.__('Timeline. W and S zoom, A and D move, arrows go from slice to slice, F fills the view.')
    );
    this.#names.className = 'jp-BottegaTrace-names';
    this.#content.className = 'jp-BottegaTrace-content';
    this.#content.append(this.#names, this.#rows.canvas);
    this.#scroller.append(this.#content);
    this.#tooltip.className = 'jp-BottegaTrace-tooltip';
    this.#tooltip.hidden = true;
    this.node.append(head, this.#scroller, this.#tooltip);
    this.#scroller.addEventListener('scroll', () => this.repaint());
    this.#scroller.addEventListener('keydown', event => {
      if (event.target === this.#scroller && this.#keys.press(event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    this.#scroller.addEventListener('keyup', event => this.#keys.release(event));
    this.#scroller.addEventListener('blur', () => this.#keys.releaseAll());
  }

  #onChange(): void {
    if (this.#layout !== this.model.layout) this.#fit();
    this.repaint();
    const { selected } = this.model;
    if (selected >= 0) this.#scrollTo(this.model.rowOf(selected));
  }

  #scrollTo(number: number): void {
    const row = this.model.layout.rows.find(each => each.row === number);
    if (!row) return;
    const { scrollTop, clientHeight } = this.#scroller;
    if (row.top < scrollTop) this.#scroller.scrollTop = row.top - 30;
    else if (row.top + row.height > scrollTop + clientHeight) {
      this.#scroller.scrollTop = row.top + row.height - clientHeight + 30;
    }
  }

  #fit(): void {
    if (!this.isVisible) return;
    const { layout } = this.model;
    if (this.#layout !== layout) {
      this.#layout = layout;
      this.#names.replaceChildren(laneNames(this.model, this.trans));
    }
    this.#content.style.height = `${Math.max(layout.height, this.#scroller.clientHeight)}px`;
    const width = Math.max(0, this.#scroller.clientWidth - this.#names.offsetWidth);
    this.#rows.resize(width, this.#scroller.clientHeight);
    this.#ruler.resize(width, RULER_HEIGHT);
    this.#minimap.surface.resize(width, MINIMAP_HEIGHT);
    this.#minimap.invalidate();
    this.repaint();
  }

  #paintRows(colors: TraceColors): void {
    const { context, width, height, ratio } = this.#rows;
    const { model } = this;
    const { span, trace, layout, matches, marked } = model;
    const top = this.#scroller.scrollTop;
    const bottom = top + height / ratio;
    context.clearRect(0, 0, width, height);
    paintGrid(context, span, width, height, ratio, colors);
    context.fillStyle = colors.stripe;
    for (const group of layout.groups) {
      context.fillRect(0, Math.round((group.top - top) * ratio), width, group.height * ratio);
    }
    const placed = layout.rows.filter(row => row.top + row.height > top && row.top < bottom);
    const all: RowPainting = {
      trace,
      slices: model.drawn,
      rows: trace.rows,
      window: { ...span, widthPx: width },
      colors,
      ratio,
      faintest: 0.35
    };
    context.globalAlpha = matches ? DIMMED : 1;
    this.#painter.paint(context, placed, top, all);
    context.globalAlpha = 1;
    if (matches) {
      this.#painter.paint(context, placed, top, { ...all, slices: matches.slices, rows: matches.rows, faintest: 0.9 });
    }
    this.#outline(this.#hovered, colors, 1);
    this.#outline(model.selected, colors, 2);
    if (marked) {
      const rows = marked.rows ? layout.rows.filter(row => marked.rows?.includes(trace.rows[row.row] as never)) : null;
      const first = rows?.[0];
      const last = rows?.at(-1);
      const area = {
        width,
        top: first ? (first.top - top) * ratio : 0,
        bottom: last ? (last.top + last.height - top) * ratio : height
      };
      paintMark(context, marked.span, span, area, ratio, colors);
    }
  }

  #outline(slice: number, colors: TraceColors, lineWidth: number): void {
    const row = slice < 0 ? undefined : this.model.layout.rows.find(each => each.row === this.model.rowOf(slice));
    if (!row) return;
    const { context, width, ratio } = this.#rows;
    const { startUs, endUs } = this.model.spanOf(slice);
    const left = Math.max(-9, xOf(startUs, this.model.span, width));
    const right = Math.min(width + 9, xOf(endUs, this.model.span, width));
    context.strokeStyle = colors.ink;
    context.lineWidth = Math.min(lineWidth, row.height / 4) * ratio;
    const y = (row.top - this.#scroller.scrollTop) * ratio;
    context.strokeRect(
      Math.round(left),
      Math.round(y),
      Math.max(2 * ratio, right - left - 1),
      (row.height - 2) * ratio
    );
  }

  #hover(slice: number, event: PointerEvent | null): void {
    if (slice !== this.#hovered) {
      this.#hovered = slice;
      this.repaint();
    }
    this.#tooltip.hidden = slice < 0 || !event;
    if (slice < 0 || !event) return;
    const { trace } = this.model;
    const title = trace.names[trace.slices.name[slice] as number]?.title ?? '';
    const duration = formatMicroseconds(trace.slices.duration[slice] as number);
    this.#tooltip.textContent = `${title} · ${duration}`;
    const box = this.node.getBoundingClientRect();
    const x = Math.min(event.clientX - box.left + 14, box.width - this.#tooltip.offsetWidth - 8);
    const y = event.clientY - box.top + 18;
    const isLow = y + this.#tooltip.offsetHeight > box.height;
    this.#tooltip.style.transform = `translate(${Math.max(4, x)}px, ${isLow ? y - 44 : y}px)`;
  }
}
