import { downsample, smoothed, type LiveRun, type Points, type Series } from '../live/index.js';
import type { ChartSpec } from './chart-specs.js';

/** The lines of a chart, each with steps of its own. */
export interface ChartLines {
  readonly value: Points;
  /** The average of a noisy metric. */
  readonly average: Points | null;
  readonly evaluation: Points | null;
  /** The run before this one. */
  readonly previous: Points | null;
}

/** Few points are their own average. */
const MIN_SMOOTHED = 60;
const WEIGHT = 0.9;

/** What a chart of a width draws: at most a few points for each pixel. */
export const chartLines = (spec: ChartSpec, run: LiveRun, previous: LiveRun | null, widthPx: number): ChartLines => {
  const thin = ({ steps, values }: Pick<Series, 'steps' | 'values'>): Points =>
    downsample(steps, values, Math.max(50, Math.round(widthPx)));
  const series = run.metrics.get(spec.metric);
  const evaluation = spec.evaluation === undefined ? undefined : run.metrics.get(spec.evaluation);
  const before = spec.metric === 'loss' ? previous?.metrics.get('loss') : undefined;
  const isSmoothed = spec.isNoisy && (series?.length ?? 0) >= MIN_SMOOTHED;
  return {
    value: series ? thin(series) : nothing,
    average: series && isSmoothed ? thin(averageOf(series)) : null,
    evaluation: evaluation ? thin(evaluation) : null,
    previous: before?.length ? thin(averageOf(before)) : null
  };
};

const nothing: Points = { steps: new Float64Array(0), values: new Float64Array(0) };

const averageOf = (series: Series): Points => ({ steps: series.steps, values: smoothed(series.values, WEIGHT) });

type Column = (number | null | undefined)[];

/** Lines with different steps as columns over all of them: undefined where a line has no point, null for NaN. */
export const aligned = (lines: readonly (Points | null)[]): [number[], ...Column[]] => {
  const steps = [...new Set(lines.flatMap(line => (line ? [...line.steps] : [])))].sort((one, other) => one - other);
  const place = new Map(steps.map((step, at) => [step, at]));
  const columns = lines.map(line => {
    const column: Column = new Array<undefined>(steps.length).fill(undefined);
    line?.steps.forEach((step, at) => {
      const value = line.values[at];
      column[place.get(step) as number] = value === undefined || Number.isNaN(value) ? null : value;
    });
    return column;
  });
  return [steps, ...columns];
};
