import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { agentPlugin } from './agent/index.js';
import { clustersPlugin } from './clusters/index.js';
import { configEditorPlugin } from './config-editor/index.js';
import { dashboardPlugin } from './dashboard/index.js';
import { filesPlugin } from './files/index.js';
import { notebookPlugin } from './notebook/index.js';
import { branchPlugin } from './runs/branch/index.js';
import { runCommandsPlugin } from './runs/list/index.js';
import { runPanelPlugin } from './runs/panel/index.js';
import { shellPlugin } from './shell/index.js';
import { sidebarPlugin } from './sidebar/index.js';
import { storagePlugin } from './storage/index.js';
import { tracePlugin } from './trace/index.js';

/** One plugin for each feature; those of runs, traces and notebooks need only what `agent` provides. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  agentPlugin,
  filesPlugin,
  clustersPlugin,
  runCommandsPlugin,
  branchPlugin,
  sidebarPlugin,
  configEditorPlugin,
  dashboardPlugin,
  runPanelPlugin,
  tracePlugin,
  notebookPlugin,
  storagePlugin,
  shellPlugin
];

export default plugins;
