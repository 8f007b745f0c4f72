import type { EventOf } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount, formatExact } from '../../state/formats.js';

/** `learning_rate 2e-4 → 1e-4, save_steps not set → 50`. */
export const changeText = (
  trans: TranslationBundle,
  { values, before }: Pick<EventOf<'change'>, 'values' | 'before'>
): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${valueText(trans, before[key])} → ${valueText(trans, value)}`)
    .join(', ');

const LONGEST_TEXT = 40;

/** A value of a config where it is told of: `1e-4`, `2 000`, `not set`. A long text is cut. */
export const valueText = (trans: TranslationBundle, value: unknown): string => {
  if (value === undefined || value === null) return trans.__('not set');
  if (typeof value === 'number') return Number.isInteger(value) ? formatCount(value) : formatExact(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
};
