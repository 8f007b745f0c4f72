import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Bottega, IBottega } from './bottega.js';

/** Finds the agent and keeps its clusters and runs; every other feature asks for what this provides. */
export const agentPlugin: JupyterFrontEndPlugin<IBottega> = {
  id: '@bottega/lab:agent',
  description: 'Provides the Bottega agent to the other features.',
  autoStart: true,
  provides: IBottega,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IBottega => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const bottega = new Bottega(app.serviceManager.serverSettings, trans);
    let isTold = false;
    bottega.agent.changed.connect((_, state) => {
      if (isTold || state.kind !== 'failed' || state.error.code !== 'version_mismatch') return;
      isTold = true;
      void showDialog({
        title: trans.__('Bottega needs one more step'),
        body: [state.error.message, state.error.hint].filter(Boolean).join(' '),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Later') }),
          Dialog.okButton({ label: trans.__('Reload the page') })
        ]
      }).then(result => {
        if (result.button.accept) window.location.reload();
      });
    });
    void bottega.agent.check();
    return bottega;
  }
};
