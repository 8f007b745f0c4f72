import type { TranslationBundle } from '@jupyterlab/translation';

/** `Steps 20–24` for the name that the engine gives to a recording. */
export const traceTitle = (trans: TranslationBundle, name: string): string => {
  const [, first, last] = /^steps-(\d+)-(\d+)$/.exec(name) ?? [];
  if (first === undefined || last === undefined) return name;
  return first === last ? trans.__('Step %1', first) : trans.__('Steps %1–%2', first, last);
};
