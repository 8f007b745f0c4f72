import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

/** Calls back when JupyterLab has another theme: what is painted on a canvas does not follow by itself. */
export const watchTheme = (onChange: () => void): IDisposable => {
  const observer = new MutationObserver(onChange);
  observer.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'] });
  return new DisposableDelegate(() => observer.disconnect());
};

/** Reads colours of the theme where a node stands, by the names of custom properties. */
export const themeColors = <K extends string>(node: Element, names: Record<K, string>): Record<K, string> => {
  const style = getComputedStyle(node);
  const entries = Object.entries<string>(names).map(([key, name]) => [key, style.getPropertyValue(name).trim()]);
  return Object.fromEntries(entries) as Record<K, string>;
};
