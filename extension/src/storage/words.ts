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

export const groupTitle = (trans: TranslationBundle, { kind, things }: ThingGroup): string => {
  const count = things.length;
  switch (kind) {
    case 'run':
      return trans._n('%1 run', '%1 runs', count).replace(String(count), formatCount(count));
    case 'tokens':
      return trans._n('%1 token cache', '%1 token caches', count);
    case 'environment':
      return trans._n('%1 environment', '%1 environments', count);
    case 'blobs':
      return trans.__('Files of project folders that no run needs');
    case 'resident':
      return trans._n('%1 base model in memory', '%1 base models in memory', count);
  }
};
