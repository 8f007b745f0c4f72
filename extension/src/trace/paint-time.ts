import type { TraceColors } from './colors.js';
import { lengthOf, ticksOf, type Span } from './time-scale.js';

const TICK_APART = 90;

/** Where a time lies, in device pixels. */
export const xOf = (timeUs: number, span: Span, widthPx: number): number =>
  ((timeUs - span.startUs) / lengthOf(span)) * widthPx;

/** Lines down from the ticks of the ruler, behind the slices. */
export const paintGrid = (
  context: CanvasRenderingContext2D,
  span: Span,
  width: number,
  height: number,
  ratio: number,
  colors: TraceColors
): void => {
  context.fillStyle = colors.line;
  for (const { timeUs } of ticksOf(span, width / ratio, TICK_APART)) {
    context.fillRect(Math.round(xOf(timeUs, span, width)), 0, Math.max(1, Math.round(ratio)), height);
  }
};

export const paintRuler = (
  context: CanvasRenderingContext2D,
  span: Span,
  width: number,
  height: number,
  ratio: number,
  colors: TraceColors
): void => {
  context.clearRect(0, 0, width, height);
  context.font = `${11 * ratio}px ${colors.font}`;
  context.textBaseline = 'middle';
  for (const { timeUs, label } of ticksOf(span, width / ratio, TICK_APART)) {
    const x = Math.round(xOf(timeUs, span, width));
    context.fillStyle = colors.strongLine;
    context.fillRect(x, height - 5 * ratio, Math.max(1, Math.round(ratio)), 5 * ratio);
    context.fillStyle = colors.faintInk;
    context.fillText(label, x + 4 * ratio, height / 2);
  }
};

/** A marked stretch, over the slices or on the ruler. */
export const paintMark = (
  context: CanvasRenderingContext2D,
  mark: Span,
  span: Span,
  area: { width: number; top: number; bottom: number },
  ratio: number,
  colors: TraceColors
): void => {
  const left = Math.round(xOf(mark.startUs, span, area.width));
  const right = Math.round(xOf(mark.endUs, span, area.width));
  const line = Math.max(1, Math.round(1.5 * ratio));
  context.save();
  context.fillStyle = colors.accent;
  context.globalAlpha = 0.12;
  context.fillRect(left, area.top, right - left, area.bottom - area.top);
  context.globalAlpha = 1;
  context.fillRect(left - line, area.top, line, area.bottom - area.top);
  context.fillRect(right, area.top, line, area.bottom - area.top);
  context.restore();
};
