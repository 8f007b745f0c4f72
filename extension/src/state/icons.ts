import type { ClusterState, RunState } from '@bottega/schema';
import { LabIcon } from '@jupyterlab/ui-components';

/*
 * Each state has a shape of its own, so that colour is never the only sign. Colours are classes of style/state.css,
 * which resolve to JupyterLab's variables in light and dark.
 */
const svg = (state: string, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16" class="jp-BottegaState-shape jp-mod-${state}" fill="none" stroke-width="2">${body}</svg>`;

const shapes = {
  pending: '<circle cx="8" cy="8" r="5.5" stroke-width="1.5"/>',
  starting: '<circle cx="8" cy="8" r="5.5" opacity=".3"/><path d="M8 2.5a5.5 5.5 0 0 1 5.5 5.5"/>',
  running: '<circle cx="8" cy="8" r="5.5" opacity=".3"/><path d="M8 2.5a5.5 5.5 0 1 1-5.5 5.5"/>',
  done: '<path d="m3 8.5 3.3 3.5L13 4.5"/>',
  failed: '<path d="m4 4 8 8M12 4l-8 8"/>',
  stopped: '<rect x="4" y="4" width="8" height="8" rx="1" class="jp-mod-filled" stroke="none"/>',
  lost: '<circle cx="8" cy="8" r="5.5" stroke-dasharray="2.4 2"/>',
  ready: '<circle cx="8" cy="8" r="4.5" class="jp-mod-filled" stroke="none"/>',
  stopping:
    '<circle cx="8" cy="8" r="5.5" opacity=".3"/><rect x="5.8" y="5.8" width="4.4" height="4.4" class="jp-mod-filled" stroke="none"/>',
  off: '<circle cx="8" cy="8" r="4.5" stroke-width="1.5"/>'
} as const;

const icon = (state: keyof typeof shapes): LabIcon =>
  new LabIcon({ name: `bottega:state-${state}`, svgstr: svg(state, shapes[state]) });

const icons = Object.fromEntries(
  (Object.keys(shapes) as (keyof typeof shapes)[]).map(state => [state, icon(state)])
) as Record<keyof typeof shapes, LabIcon>;

/** The icon of a run's state, for lists, tabs and menus. */
export const runStateIcon = (state: RunState): LabIcon => icons[state];

/** The icon of a cluster's state. */
export const clusterStateIcon = (state: ClusterState): LabIcon => icons[state === 'stopped' ? 'off' : state];

/** The workshop: an arch with a bench in it. */
export const bottegaIcon = new LabIcon({
  name: 'bottega:logo',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161"><path d="M4 21V11a8 8 0 0 1 16 0v10h-2.2V11a5.8 5.8 0 0 0-11.6 0v10z"/><path d="M8 14h8v2h-1v5h-2v-5h-2v5H9v-5H8z"/></g></svg>'
});

/** A line that another one leaves. */
export const branchIcon = new LabIcon({
  name: 'bottega:branch',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161"><circle cx="4" cy="3" r="2"/><circle cx="4" cy="13" r="2"/><circle cx="12" cy="5" r="2"/><path d="M3.2 4h1.6v8H3.2z"/><path d="M11.2 6h1.6c0 3-2 4-4.5 4.2-1.6.2-3.1.5-3.5 1.6l-1.4-.9C4.2 9.2 6.2 8.9 8 8.7 10 8.5 11.2 8 11.2 6z"/></g></svg>'
});
