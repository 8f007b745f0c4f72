import type uPlot from 'uplot';
import type { ChartSpec } from './chart-specs.js';

export interface ChartColors {
  readonly line: string;
  readonly evaluation: string;
  readonly previous: string;
  readonly grid: string;
  readonly text: string;
  readonly font: string;
}

export interface ChartSetup {
  readonly spec: ChartSpec;
  readonly isLog: boolean;
  /** Charts with the same key share their cursor. */
  readonly syncKey: string;
  readonly size: { width: number; height: number };
  /** Asked at every drawing: the theme changes. */
  readonly colors: () => ChartColors;
  /** The chart ends here even where the run before went on. */
  readonly lastStep: () => number;
  /** After each drawing: what lies over the chart goes along. */
  readonly onDraw: (chart: uPlot) => void;
  readonly onPoint: (point: { step: number; value: number | null } | null) => void;
}

const MIN_STEPS = 10;

/** The series of a chart, in this order: value, average, evaluation, run before. */
export const chartOptions = (setup: ChartSetup): uPlot.Options => {
  const { spec, colors } = setup;
  return {
    ...setup.size,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: setup.syncKey, setSeries: false },
      drag: { x: true, y: false },
      points: { size: 6, show: true },
      y: false
    },
    scales: {
      x: {
        time: false,
        range: (_, from, to) => [from ?? 0, Math.max(Math.min(to ?? 1, setup.lastStep()), (from ?? 0) + MIN_STEPS)]
      },
      y: setup.isLog ? { distr: 3 } : { range: (_, low, high) => linearRange(low, high) }
    },
    axes: [axisOf(setup, 'x'), axisOf(setup, 'y')],
    series: [
      {},
      { stroke: () => colors().line, width: 1.6, points: { show: false } },
      { stroke: () => colors().line, width: 2, points: { show: false } },
      {
        stroke: () => colors().evaluation,
        fill: () => 'transparent',
        width: 1.5,
        spanGaps: true,
        points: { show: true, size: 5, stroke: () => colors().evaluation, fill: () => colors().evaluation }
      },
      { stroke: () => colors().previous, width: 1.2, dash: [4, 4], points: { show: false }, show: false }
    ],
    hooks: {
      draw: [setup.onDraw],
      setCursor: [
        chart => {
          const at = chart.cursor.idx;
          const step = typeof at === 'number' ? chart.data[0][at] : undefined;
          if (step === undefined || (chart.cursor.left ?? -1) < 0) setup.onPoint(null);
          else setup.onPoint({ step, value: valueNear(chart.data[1] ?? [], at as number) });
        }
      ]
    }
  };

  function axisOf({ isLog }: ChartSetup, axis: 'x' | 'y'): uPlot.Axis {
    const common = {
      stroke: () => colors().text,
      font: `11px ${colors().font}`,
      ticks: { show: false },
      gap: 4
    };
    if (axis === 'x') return { ...common, size: 20, grid: { show: false }, space: 70, incrs: wholeSteps };
    return {
      ...common,
      size: 46,
      space: 30,
      grid: { stroke: () => colors().grid, width: 1 },
      // A logarithmic scale has lines that only crowd when they are all named.
      values: (_, ticks) => ticks.map(tick => (tick === null || (isLog && !isRound(tick)) ? '' : spec.format(tick)))
    };
  }
};

/** 1, 2, 5, 10, 20 …: there is no half step. */
const wholeSteps = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map(digit => digit * 10 ** power)).flat();

const isRound = (tick: number): boolean => {
  const digits = tick / 10 ** Math.floor(Math.log10(tick) + 1e-9);
  return [1, 2, 5].some(round => Math.abs(digits - round) < 1e-6);
};

/** Some room above and below, and never so narrow a range that its labels are all the same. */
const linearRange = (low: number | null, high: number | null): [number, number] => {
  if (low === null || high === null) return [0, 1];
  const least = Math.max(Math.abs(low), Math.abs(high)) * 0.04 || 2;
  const room = Math.max((high - low) * 0.08, (least - (high - low)) / 2);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
};

/** The value at a place, or the nearest one before it: lines share places but not all have a point there. */
const valueNear = (values: ArrayLike<number | null | undefined>, at: number): number | null => {
  for (let place = at; place >= 0 && place > at - 50; place -= 1) {
    const value = values[place];
    if (value !== undefined) return value;
  }
  return null;
};
