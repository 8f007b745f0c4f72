import type { TranslationBundle } from '@jupyterlab/translation';
import { useSignal } from '../../state/index.js';
import type { LiveRun } from '../live/index.js';
import { Chart } from './chart.js';
import type { ChartChoice } from './chart-choice.js';
import { chartSpecs } from './chart-specs.js';

interface ChartsProps {
  trans: TranslationBundle;
  run: LiveRun;
  previous: LiveRun | null;
  choice: ChartChoice;
}

/** The chosen metrics as small multiples; the pointer shows the same step in all of them. */
export const Charts = ({ trans, run, previous, choice }: ChartsProps): JSX.Element => {
  useSignal(choice.changed);
  const specs = chartSpecs(trans, run);
  if (!specs.length) {
    const text = run.hasEnded
      ? trans.__('No numbers were reported.')
      : trans.__('Curves begin with the first numbers.');
    return <p className="jp-BottegaCharts-empty">{text}</p>;
  }
  return (
    <div className="jp-BottegaCharts">
      {specs
        .filter(spec => choice.isShown(spec))
        .map(spec => (
          <Chart key={spec.metric} trans={trans} spec={spec} run={run} previous={previous} />
        ))}
    </div>
  );
};

/** Which charts are shown. */
export const ChartMenu = ({ trans, run, choice }: Omit<ChartsProps, 'previous'>): JSX.Element | null => {
  useSignal(choice.changed);
  const specs = chartSpecs(trans, run);
  if (specs.length < 2) return null;
  return (
    <details
      className="jp-BottegaMenu"
      onKeyDown={event => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return;
        event.currentTarget.open = false;
        event.currentTarget.querySelector('summary')?.focus();
      }}
      onBlur={event => {
        // A click into the menu beside its boxes moves the keyboard nowhere.
        const to = event.relatedTarget;
        if (to instanceof Node && !event.currentTarget.contains(to)) event.currentTarget.open = false;
      }}
    >
      <summary>{trans.__('Charts')}</summary>
      <div>
        {specs.map(spec => (
          <label key={spec.metric}>
            <input type="checkbox" checked={choice.isShown(spec)} onChange={() => choice.toggle(spec)} />
            {spec.title}
          </label>
        ))}
      </div>
    </details>
  );
};
