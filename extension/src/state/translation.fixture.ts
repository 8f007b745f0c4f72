import type { TranslationBundle } from '@jupyterlab/translation';

const fill = (text: string, values: unknown[]): string =>
  text.replace(/%(\d)/g, (_, index: string) => String(values[Number(index) - 1]));

/** What JupyterLab answers without a language pack, without JupyterLab. */
export const trans = {
  __: (text: string, ...values: unknown[]) => fill(text, values),
  _n: (one: string, many: string, count: number, ...values: unknown[]) =>
    fill(count === 1 ? one : many, [count, ...values])
} as unknown as TranslationBundle;
