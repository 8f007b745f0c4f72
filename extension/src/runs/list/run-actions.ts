import { BottegaError, newRunId } from '@bottega/client';
import type { Run } from '@bottega/schema';
import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IBottega } from '../../agent/index.js';

/** What a person does with runs. Failures end in a dialog with the sentence of the agent. */
export class RunActions {
  constructor(
    readonly bottega: IBottega,
    readonly trans: TranslationBundle
  ) {}

  stop(id: string): Promise<void> {
    return this.#told(this.trans.__('The run was not stopped'), async () => {
      this.bottega.ledger.put({ run: await this.bottega.client.stop(id) });
    });
  }

  /** Runs the config and folder of a run again, as they are now. Answers the new id, or null when it was refused. */
  async rerun(id: string): Promise<string | null> {
    const again = newRunId();
    let isTaken = false;
    await this.#told(this.trans.__('The run was not started again'), async () => {
      this.bottega.ledger.put({ run: await this.bottega.client.rerun(id, { id: again }) });
      isTaken = true;
    });
    return isTaken ? again : null;
  }

  keep(id: string, isKept: boolean): Promise<void> {
    const title = isKept ? this.trans.__('The run is not kept') : this.trans.__('The run is still kept');
    return this.#told(title, async () => {
      this.bottega.ledger.put({ run: await this.bottega.client.keep(id, isKept) });
    });
  }

  /** Deletes a run with its log and output, after asking. */
  async delete(run: Run): Promise<void> {
    const { trans } = this;
    const result = await showDialog({
      title: trans.__('Delete run %1?', run.name),
      body: trans.__('Its log, checkpoints and traces go with it.'),
      defaultButton: 0,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep it') }),
        Dialog.warnButton({ label: trans.__('Delete run') })
      ]
    });
    if (!result.button.accept) return;
    await this.#told(trans.__('The run was not deleted'), () => this.bottega.client.deleteRun(run.id));
  }

  async #told(title: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      await showErrorMessage(title, [error.message, error.hint].filter(Boolean).join(' '));
    }
  }
}
