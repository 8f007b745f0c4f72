import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { agentPlugin } from './agent/index.js';

/** One plugin for each feature; those of runs, traces and notebooks need only what `agent` provides. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [agentPlugin];

export default plugins;
