import type { FinetuneConfig, Run, RunConfig } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount, formatLearningRate, formatNumber, formatShortDuration } from '../state/formats.js';

/** A number or word that a config amounts to, and what it is. */
export interface Fact {
  value: string;
  label: string;
}

/** What follows from a config with its defaults, and from runs of it that have been. Nothing is guessed. */
export const factsOf = (trans: TranslationBundle, config: RunConfig, past: readonly Run[]): Fact[] => {
  const ranks = trans._n('%1 rank', '%1 ranks', config.resources.ranks);
  if (config.kind === 'script') {
    const command = typeof config.command === 'string' ? config.command : config.command.join(' ');
    return [
      { value: command, label: trans.__('command') },
      { value: ranks, label: perRank(trans, config) }
    ];
  }
  return [
    lengthOf(trans, config),
    perStep(trans, config),
    method(trans, config),
    {
      value: formatLearningRate(config.learning_rate),
      label: trans.__('learning rate, %1', config.lr_scheduler_type.replaceAll('_', ' '))
    },
    { value: ranks, label: `${perRank(trans, config)}, ${config.bf16 ? 'bfloat16' : 'float32'}` },
    ...estimate(trans, config, past)
  ];
};

const perRank = (trans: TranslationBundle, { resources }: RunConfig): string =>
  resources.gpus_per_rank > 0
    ? trans.__('%1 CPU, %2 GPU each', resources.cpus_per_rank, resources.gpus_per_rank)
    : trans.__('%1 CPU each', resources.cpus_per_rank);

const lengthOf = (trans: TranslationBundle, config: FinetuneConfig): Fact =>
  config.max_steps === undefined
    ? { value: formatNumber(config.num_train_epochs), label: trans.__('passes over the data') }
    : { value: formatCount(config.max_steps), label: trans.__('optimizer steps') };

const perStep = (trans: TranslationBundle, config: FinetuneConfig): Fact => {
  const sequences = config.per_device_train_batch_size * config.gradient_accumulation_steps * config.resources.ranks;
  const tokens = formatNumber(sequences * config.data.max_length);
  return { value: formatCount(sequences), label: trans.__('sequences a step, up to %1 tokens', tokens) };
};

const method = (trans: TranslationBundle, { method, lora }: FinetuneConfig): Fact =>
  method === 'full'
    ? { value: trans.__('full'), label: trans.__('every weight is trained') }
    : { value: trans.__('LoRA'), label: trans.__('rank %1, alpha %2', lora.r, lora.alpha) };

/** From runs of the same file: the middle of their step times, for as many steps as it says now. */
const estimate = (trans: TranslationBundle, config: FinetuneConfig, past: readonly Run[]): Fact[] => {
  const times = past.flatMap(run => (run.step_seconds === null ? [] : [run.step_seconds])).sort((a, b) => a - b);
  const middle = times[Math.floor(times.length / 2)];
  if (middle === undefined || config.max_steps === undefined) return [];
  const label = trans._n('at the pace of %1 run so far', 'at the pace of %1 runs so far', times.length);
  return [{ value: `≈ ${formatShortDuration(middle * config.max_steps * 1000)}`, label }];
};
