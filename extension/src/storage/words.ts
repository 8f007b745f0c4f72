import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount } from '../state/index.js';
import type { ThingGroup, ThingKind } from './storage-summary.js';

export const kindWord = (trans: TranslationBundle, kind: ThingKind): string => {
  const words: Record<ThingKind, string> = {
    run: trans.__('run'),
    tokens: trans.__('token cache'),
    environment: trans.__('environment'),
    blobs: trans.__('project files'),
    resident: trans.__('base model in memory')
  };
  return words[kind];
};

/** `1 200 runs`. */
export const runsText = (trans: TranslationBundle, count: number): string =>
  trans._n('%2 run', '%2 runs', count, formatCount(count));

export const groupTitle = (trans: TranslationBundle, { kind, things }: ThingGroup): string => {
  const count = things.length;
  switch (kind) {
    case 'run':
      return runsText(trans, count);
    case 'tokens':
      return trans._n('%2 token cache', '%2 token caches', count, formatCount(count));
    case 'environment':
      return trans._n('%1 environment', '%1 environments', count);
    case 'blobs':
      return trans.__('Files of project folders that no run needs');
    case 'resident':
      return trans._n('%1 base model in memory', '%1 base models in memory', count);
  }
};
