import type { TranslationBundle } from '@jupyterlab/translation';
import { families, type Family } from './trace.js';

export const familyWord = (trans: TranslationBundle, family: Family): string => {
  const words: Record<Family, string> = {
    matmul: trans.__('matmul'),
    attention: trans.__('attention'),
    norm: trans.__('norm'),
    optimizer: trans.__('optimizer'),
    communication: trans.__('communication'),
    copy: trans.__('copy'),
    host: trans.__('host'),
    other: trans.__('other')
  };
  return words[family];
};

/** The colour of a family, as a small square. */
export const FamilyMark = ({ family }: { family: number }): JSX.Element => (
  <span
    className="jp-BottegaTrace-mark"
    style={{ background: `var(--bottega-family-${families[family] ?? 'other'})` }}
    aria-hidden
  />
);
