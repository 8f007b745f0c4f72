/** A stretch of time that is on screen, in microseconds since the start of the trace. */
export interface Span {
  readonly startUs: number;
  readonly endUs: number;
}

/** One can look this little way past both ends. */
const MARGIN = 0.02;
const SHORTEST_US = 0.2;

export const lengthOf = (span: Span): number => span.endUs - span.startUs;

export const wholeSpan = (endUs: number): Span => ({
  startUs: -Math.max(endUs, 1) * MARGIN,
  endUs: Math.max(endUs, 1) * (1 + MARGIN)
});

/** Zooms around a time that keeps its place; `factor` below 1 zooms in. */
export const zoomed = (span: Span, factor: number, aroundUs: number, endUs: number): Span => {
  const length = Math.max(SHORTEST_US, lengthOf(span) * factor);
  const share = (aroundUs - span.startUs) / lengthOf(span);
  const startUs = aroundUs - length * share;
  return clamped({ startUs, endUs: startUs + length }, endUs);
};

export const moved = (span: Span, byUs: number, endUs: number): Span =>
  clamped({ startUs: span.startUs + byUs, endUs: span.endUs + byUs }, endUs);

/** A stretch with some room around it. */
export const around = (span: Span, endUs: number): Span => {
  const room = Math.max(SHORTEST_US, lengthOf(span) * 0.1);
  return clamped({ startUs: span.startUs - room, endUs: span.endUs + room }, endUs);
};

export const clamped = (span: Span, endUs: number): Span => {
  const whole = wholeSpan(endUs);
  const length = Math.min(lengthOf(span), lengthOf(whole));
  const startUs = Math.min(Math.max(span.startUs, whole.startUs), whole.endUs - length);
  return { startUs, endUs: startUs + length };
};

export interface Tick {
  readonly timeUs: number;
  readonly label: string;
}

/** Round times for a ruler, at least so many pixels apart. */
export const ticksOf = (span: Span, widthPx: number, apartPx: number): Tick[] => {
  const step = roundStep((lengthOf(span) / Math.max(1, widthPx)) * apartPx);
  const ticks: Tick[] = [];
  for (let number = Math.ceil(span.startUs / step); number * step <= span.endUs; number += 1) {
    ticks.push({ timeUs: number * step, label: tickLabel(number * step, step) });
  }
  return ticks;
};

/** 1, 2 or 5 times a power of ten, not below the given length. */
const roundStep = (atLeast: number): number => {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = [1, 2, 5, 10].find(candidate => candidate * power >= atLeast * (1 - 1e-9)) ?? 10;
  return factor * power;
};

/** The unit of a ruler follows its steps, so that neighbours differ and share the unit. */
const tickLabel = (timeUs: number, stepUs: number): string => {
  const [unit, size] = stepUs >= 500_000 ? ['s', 1e6] : stepUs >= 500 ? ['ms', 1e3] : ['µs', 1];
  const digits = Math.max(0, -Math.floor(Math.log10(stepUs / Number(size)) + 1e-9));
  const text = (timeUs / Number(size)).toFixed(digits);
  return `${Number(text) === 0 ? (0).toFixed(digits) : text}\u202f${unit}`;
};

/** `3.2 µs`, `1.29 ms`, `2.04 s`: four digits at most. */
export const formatMicroseconds = (us: number): string => {
  const size = Math.abs(us);
  if (size < 0.0005) return '0\u202fµs';
  const [unit, divisor] = size >= 999_500 ? ['s', 1e6] : size >= 999.5 ? ['ms', 1e3] : ['µs', 1];
  const value = us / Number(divisor);
  const digits = Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits).replace('-', '−')}\u202f${unit}`;
};
