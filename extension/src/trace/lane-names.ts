import type { TranslationBundle } from '@jupyterlab/translation';
import { laneKey, type LaneLayout } from './lane-layout.js';
import type { TraceModel } from './trace-model.js';

/** The names of groups and lanes beside the slices; each is a button that folds. */
export const laneNames = (model: TraceModel, trans: TranslationBundle): DocumentFragment => {
  const fragment = document.createDocumentFragment();
  const { groups, lanes } = model.layout;
  const add = (className: string, key: string, text: string, place: Place): void => {
    fragment.append(nameButton(className, text, place, () => model.fold(key)));
  };
  for (const group of groups) {
    add('jp-BottegaTrace-group', group.key, trans.__('Rank %1 · %2', group.rank, group.process), group);
  }
  for (const placed of lanes) {
    const lane = model.trace.lanes[placed.lane];
    if (lane) add('jp-BottegaTrace-lane', laneKey(placed.lane), lane.thread, placed);
  }
  return fragment;
};

type Place = LaneLayout['groups'][number] | LaneLayout['lanes'][number];

const nameButton = (className: string, text: string, place: Place, onClick: () => void): HTMLButtonElement => {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = `${className}${place.isFolded ? ' jp-mod-folded' : ''}`;
  button.textContent = text;
  button.title = text;
  button.setAttribute('aria-expanded', String(!place.isFolded));
  button.style.top = `${place.top}px`;
  button.style.height = `${place.height}px`;
  button.addEventListener('click', onClick);
  return button;
};
