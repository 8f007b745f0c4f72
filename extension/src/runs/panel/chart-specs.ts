import type { TranslationBundle } from '@jupyterlab/translation';
import { formatBytes, formatDuration, formatLearningRate, formatNumber } from '../../state/index.js';
import type { LiveRun } from '../live/index.js';

/** One small chart: a metric, what belongs on the same axes, and how its numbers are written. */
export interface ChartSpec {
  /** The metric's name; also the key of the chart. */
  readonly metric: string;
  readonly title: string;
  /** A second metric on the same axes: the same thing on evaluation data. */
  readonly evaluation?: string;
  readonly format: (value: number | null) => string;
  /** Noisy by nature: drawn faint, with its average over it. */
  readonly isNoisy: boolean;
  readonly isWide: boolean;
  /** Whether it is shown before a person chooses. */
  readonly isDefault: boolean;
}

const known = ['loss', 'tokens_per_second', 'learning_rate', 'grad_norm', 'memory_bytes', 'step_seconds', 'epoch'];
const hiddenAtFirst = new Set(['step_seconds', 'epoch']);

/** The charts a run has numbers for: those every training has first, then what a script reports, by name. */
export const chartSpecs = (trans: TranslationBundle, run: LiveRun): ChartSpec[] => {
  const names = [...run.metrics.keys()];
  const isEvaluation = (name: string): boolean => name.startsWith('eval_') && names.includes(name.slice(5));
  const own = names.filter(name => !known.includes(name) && !isEvaluation(name)).sort();
  return [...known.filter(name => names.includes(name)), ...own].map(metric => ({
    metric,
    title: titleOf(trans, metric),
    ...(names.includes(`eval_${metric}`) ? { evaluation: `eval_${metric}` } : {}),
    format: formatOf(metric),
    isNoisy: metric === 'loss' || metric === 'grad_norm',
    isWide: metric === 'loss',
    isDefault: !hiddenAtFirst.has(metric)
  }));
};

const titleOf = (trans: TranslationBundle, metric: string): string => {
  const titles: Record<string, string> = {
    loss: trans.__('loss'),
    tokens_per_second: trans.__('tokens/s'),
    learning_rate: trans.__('learning rate'),
    grad_norm: trans.__('gradient norm'),
    memory_bytes: trans.__('memory'),
    step_seconds: trans.__('time of a step'),
    epoch: trans.__('epoch')
  };
  return titles[metric] ?? metric;
};

const formatOf = (metric: string): ((value: number | null) => string) => {
  if (metric.endsWith('_bytes')) return formatBytes;
  if (metric === 'learning_rate') return formatLearningRate;
  if (metric.endsWith('_seconds')) return value => formatDuration(value === null ? null : value * 1000);
  return formatNumber;
};
