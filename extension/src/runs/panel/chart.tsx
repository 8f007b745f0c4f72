import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import type uPlot from 'uplot';
import type { LiveRun } from '../live/index.js';
import { themeColors, watchTheme } from '../../state/theme.js';
import { aligned, chartLines } from './chart-data.js';
import { ChartChanges, type ChangePlace } from './chart-changes.js';
import type { ChartSpec } from './chart-specs.js';
import { chartOptions, type ChartColors } from './chart-options.js';
import { useSize } from './use-size.js';

interface ChartProps {
  trans: TranslationBundle;
  spec: ChartSpec;
  run: LiveRun;
  previous: LiveRun | null;
}

/** A run reports faster than anybody reads; the picture follows at this pace. */
const REDRAW_MS = 200;
const HEIGHT = 132;

/** One metric over the steps. Its number is that of the last step, or of the step under the pointer. */
export const Chart = ({ trans, spec, run, previous }: ChartProps): JSX.Element => {
  const [ref, { width }, node] = useSize<HTMLDivElement>();
  const [isLog, setLog] = useState(false);
  const [pointed, setPointed] = useState<{ step: number; value: number | null } | null>(null);
  const [places, setPlaces] = useState<readonly ChangePlace[]>([]);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ spec, previous, width });
  latest.current = { spec, previous, width };
  const draw = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (!node) return undefined;
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let colors = chartColors(node);
    const dataNow = (): uPlot.AlignedData => {
      const {
        value,
        average,
        evaluation,
        previous: before
      } = chartLines(latest.current.spec, run, latest.current.previous, latest.current.width);
      return aligned([value, average, evaluation, before]) as uPlot.AlignedData;
    };
    draw.current = () => {
      timer = undefined;
      const before = latest.current.previous !== null;
      const isNoisy = latest.current.spec.isNoisy && (run.metrics.get(spec.metric)?.length ?? 0) >= 60;
      const chart = plot.current;
      if (!chart) return;
      chart.batch(() => {
        chart.setData(dataNow());
        chart.series[1]!.width = isNoisy ? 1 : 1.6;
        chart.series[1]!.alpha = isNoisy ? 0.35 : 1;
        chart.series[4]!.show = before;
      });
    };
    const later = (): void => {
      timer ??= setTimeout(draw.current, REDRAW_MS);
    };
    void import('uplot').then(({ default: UPlot }) => {
      if (isGone) return;
      const options = chartOptions({
        spec,
        isLog,
        syncKey: run.id,
        size: { width: Math.max(80, latest.current.width || node.clientWidth), height: HEIGHT },
        colors: () => colors,
        lastStep: () => run.metrics.get(spec.metric)?.steps.at(-1) ?? 1,
        onDraw: chart => setPlaces(before => changePlaces(chart, run.changes, before)),
        onPoint: setPointed
      });
      plot.current = new UPlot(options, dataNow(), node);
      draw.current();
    });
    const theme = watchTheme(() => {
      colors = chartColors(node);
      plot.current?.redraw(false, true);
    });
    run.changed.connect(later);
    return () => {
      isGone = true;
      clearTimeout(timer);
      theme.dispose();
      run.changed.disconnect(later);
      plot.current?.destroy();
      plot.current = null;
    };
    // A chart is made anew only for another run, metric or scale.
  }, [run, spec.metric, isLog, node]);

  useEffect(() => {
    if (width) plot.current?.setSize({ width, height: HEIGHT });
    draw.current();
  }, [width, previous]);

  const last = run.metrics.get(spec.metric)?.last ?? null;
  return (
    <figure className={`jp-BottegaChart${spec.isWide ? ' jp-mod-wide' : ''}`}>
      <figcaption>
        <span title={spec.metric}>{spec.title}</span>
        {pointed && <small>{trans.__('step %1', pointed.step)}</small>}
        <button
          type="button"
          aria-pressed={isLog}
          aria-label={trans.__('Logarithmic scale of %1', spec.title)}
          title={isLog ? trans.__('Show a linear scale') : trans.__('Show a logarithmic scale')}
          onClick={() => setLog(!isLog)}
        >
          {trans.__('log')}
        </button>
        {spec.isWide && (
          <span className="jp-BottegaChart-legend">
            {spec.evaluation && <span className="jp-mod-evaluation">{trans.__('evaluation')}</span>}
            {previous && <span className="jp-mod-previous">{previousWord(trans, run, previous)}</span>}
          </span>
        )}
        <b>{spec.format(pointed ? pointed.value : last)}</b>
      </figcaption>
      <div ref={ref} className="jp-BottegaChart-plot" style={{ height: HEIGHT }}>
        <ChartChanges trans={trans} places={places} width={width} hasLabels={spec.isWide} />
      </div>
    </figure>
  );
};

const previousWord = (trans: TranslationBundle, run: LiveRun, previous: LiveRun): string =>
  run.run?.branch_of?.run === previous.id ? trans.__('where it began from') : trans.__('last run');

/** Where changes stand; the same object while nothing moved. */
const changePlaces = (
  chart: uPlot,
  changes: LiveRun['changes'],
  before: readonly ChangePlace[]
): readonly ChangePlace[] => {
  const left = chart.bbox.left / devicePixelRatio;
  const right = left + chart.bbox.width / devicePixelRatio;
  const places = changes
    .map(change => ({ change, left: Math.round(left + chart.valToPos(change.step, 'x')) }))
    .filter(place => place.left >= left && place.left <= right);
  const isSame = places.length === before.length && places.every((place, at) => place.left === before[at]?.left);
  return isSame ? before : places;
};

const chartColors = (node: Element): ChartColors =>
  themeColors(node, {
    line: '--jp-brand-color1',
    evaluation: '--bottega-family-optimizer',
    previous: '--jp-ui-font-color2',
    grid: '--jp-border-color2',
    text: '--jp-ui-font-color2',
    font: '--jp-ui-font-family'
  });
