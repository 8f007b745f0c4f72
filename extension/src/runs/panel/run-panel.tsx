import type { Disposable } from '@bottega/client';
import { ReactWidget } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import type { IBottega } from '../../agent/index.js';
import { LiveRuns, type LiveRun } from '../live/index.js';
import type { ChartChoice } from './chart-choice.js';
import { RunView } from './run-view.js';

/** What panels share. */
export interface RunPanelContext {
  readonly bottega: IBottega;
  readonly commands: CommandRegistry;
  readonly contents: Contents.IManager;
  readonly trans: TranslationBundle;
  readonly choice: ChartChoice;
}

/** One run in a tab of the main area. It follows its run while it is seen, and costs nothing while it is not. */
export class RunPanel extends ReactWidget {
  readonly live: LiveRun;
  #hold: Disposable | null = null;

  constructor(
    readonly run: string,
    readonly context: RunPanelContext
  ) {
    super();
    this.addClass('jp-BottegaRunPanel');
    this.node.dataset['run'] = run;
    this.live = LiveRuns.of(context.bottega).acquire(run);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#letGo();
    LiveRuns.of(this.context.bottega).release(this.live);
    super.dispose();
  }

  protected override render(): JSX.Element {
    return <RunView {...this.context} live={this.live} />;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.#follow();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) this.#follow();
  }

  protected override onBeforeHide(message: Message): void {
    this.#letGo();
    super.onBeforeHide(message);
  }

  protected override onBeforeDetach(message: Message): void {
    this.#letGo();
    super.onBeforeDetach(message);
  }

  #follow(): void {
    this.#hold ??= this.live.hold();
  }

  #letGo(): void {
    this.#hold?.dispose();
    this.#hold = null;
  }
}
