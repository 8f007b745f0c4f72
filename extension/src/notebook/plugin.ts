import { RUN_MIME } from '@bottega/schema';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IBottega } from '../agent/index.js';
import { RunOutput } from './run-output.js';

/** Before HTML and text, which stand in the same output for other places. */
const RANK = 0;

/** Runs in notebook outputs, live. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:notebook',
  description: 'Shows runs live in notebook outputs.',
  autoStart: true,
  requires: [IBottega, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    bottega: IBottega,
    registry: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const context = { bottega, commands: app.commands, trans };
    registry.addFactory({ safe: true, mimeTypes: [RUN_MIME], createRenderer: () => new RunOutput(context) }, RANK);
  }
};
