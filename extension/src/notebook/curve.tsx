import { downsample, type Series } from '../runs/live/index.js';

interface CurveProps {
  series: Series;
  width: number;
  height: number;
}

/** A line without axes: how a metric went. */
export const Curve = ({ series, width, height }: CurveProps): JSX.Element => (
  <svg className="jp-BottegaCurve" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden>
    <path d={pathOf(series, width, height)} />
  </svg>
);

const MARGIN = 2;

export const pathOf = ({ steps, values }: Pick<Series, 'steps' | 'values'>, width: number, height: number): string => {
  const points = downsample(steps, values, width);
  const finite = points.values.filter(value => !Number.isNaN(value));
  if (finite.length < 2) return '';
  const low = finite.reduce((least, value) => Math.min(least, value));
  const range = finite.reduce((most, value) => Math.max(most, value)) - low || 1;
  const first = points.steps[0] ?? 0;
  const length = (points.steps.at(-1) ?? 1) - first || 1;
  let isDown = false;
  let path = '';
  points.steps.forEach((step, at) => {
    const value = points.values[at] ?? NaN;
    if (!Number.isNaN(value)) {
      const x = MARGIN + ((step - first) / length) * (width - 2 * MARGIN);
      const y = MARGIN + (1 - (value - low) / range) * (height - 2 * MARGIN);
      path += `${isDown ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    }
    isDown = !Number.isNaN(value);
  });
  return path;
};
