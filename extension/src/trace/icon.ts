import { LabIcon } from '@jupyterlab/ui-components';

/** Slices below each other. */
export const traceIcon = new LabIcon({
  name: 'bottega:trace',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161"><rect x="1" y="3" width="14" height="2.6" rx=".6"/><rect x="1" y="6.8" width="6" height="2.6" rx=".6"/><rect x="8.4" y="6.8" width="5" height="2.6" rx=".6"/><rect x="2.6" y="10.6" width="3" height="2.6" rx=".6"/></g></svg>'
});
