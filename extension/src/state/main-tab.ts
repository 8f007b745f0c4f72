import { MainAreaWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

/** A tab of the main area that can be closed and has no toolbar of its own. */
export const mainTab = <T extends Widget>(
  id: string,
  content: T,
  title: Partial<Pick<Widget['title'], 'label' | 'caption' | 'icon'>> = {}
): MainAreaWidget<T> => {
  const tab = new MainAreaWidget({ content });
  tab.id = id;
  Object.assign(tab.title, title, { closable: true });
  tab.toolbar.hide();
  return tab;
};
