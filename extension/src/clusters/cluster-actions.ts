import { BottegaError } from '@bottega/client';
import type { Cluster, ClusterSpec } from '@bottega/schema';
import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { stringify } from 'yaml';
import type { IBottega } from '../agent/index.js';
import { liveRunsOn } from './cluster-facts.js';

/** What a person does with clusters. Failures end in a dialog with the sentence of the agent. */
export class ClusterActions {
  constructor(
    readonly bottega: IBottega,
    readonly trans: TranslationBundle
  ) {}

  /** Starts a spec in YAML. Rejects with `BottegaError`, for callers that show problems in their place. */
  async up(spec: string): Promise<Cluster> {
    const cluster = await this.bottega.client.up(spec);
    this.bottega.ledger.put({ cluster });
    return cluster;
  }

  start(spec: ClusterSpec): Promise<void> {
    return this.#told(this.trans.__('The cluster did not start'), () => this.up(stringify(spec)));
  }

  /** Stops a cluster; asks first when runs would end with it. */
  async stop(name: string): Promise<void> {
    const live = liveRunsOn(name, this.bottega.ledger.runs);
    if (live.length && !(await this.#confirmStop(name, live.length))) return;
    await this.#told(this.trans.__('The cluster was not stopped'), async () => {
      this.bottega.ledger.put({ cluster: await this.bottega.client.down(name) });
    });
  }

  /** Takes a cluster off the list. Its runs stay. */
  forget(name: string): Promise<void> {
    return this.#told(this.trans.__('The cluster is still on the list'), () => this.bottega.client.forget(name));
  }

  async #confirmStop(name: string, count: number): Promise<boolean> {
    const { trans } = this;
    const result = await showDialog({
      title: trans.__('Stop cluster %1?', name),
      body: trans._n('%1 run on it is still going and ends too.', '%1 runs on it are still going and end too.', count),
      defaultButton: 0,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep it up') }),
        Dialog.warnButton({ label: trans.__('Stop cluster') })
      ]
    });
    return result.button.accept;
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
