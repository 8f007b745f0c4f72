import type { Disposable } from '@bottega/client';
import { RUN_MIME, type RunMime } from '@bottega/schema';
import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import type { IBottega } from '../agent/index.js';
import { LiveRuns, type LiveRun } from '../runs/live/index.js';
import { readOutput } from './read-output.js';
import { RunCard } from './run-card.js';

/** What all outputs share. */
export interface RunOutputContext {
  readonly bottega: IBottega;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/**
 * Renders a run in a cell. It follows the run only while it is on screen: a notebook may hold hundreds, and JupyterLab
 * takes them apart and builds them again while one scrolls.
 */
export class RunOutput extends ReactWidget implements IRenderMime.IRenderer {
  #output: RunMime | null = null;
  #live: LiveRun | null = null;
  #hold: Disposable | null = null;
  readonly #observer = new IntersectionObserver(entries => this.#onSeen(entries.at(-1)?.isIntersecting ?? false));

  constructor(readonly context: RunOutputContext) {
    super();
    this.addClass('jp-BottegaRunOutputs');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.#output = readOutput(model.data[RUN_MIME]);
    const id = this.#output?.id ?? null;
    if (this.#live?.id !== id) {
      this.#forget();
      if (id !== null) this.#live = LiveRuns.of(this.context.bottega).acquire(id);
    }
    this.update();
    return Promise.resolve();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#observer.disconnect();
    this.#forget();
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { trans, commands } = this.context;
    const output = this.#output;
    if (!output || !this.#live) return <p>{trans.__('This output holds no run that can be read.')}</p>;
    const open = (): void => void commands.execute('bottega:open-run', { id: output.id });
    return <RunCard trans={trans} output={output} live={this.#live} onOpenPanel={open} />;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.#observer.observe(this.node);
  }

  protected override onBeforeDetach(message: Message): void {
    this.#observer.unobserve(this.node);
    this.#onSeen(false);
    super.onBeforeDetach(message);
  }

  #onSeen(isSeen: boolean): void {
    if (isSeen) this.#hold ??= this.#live?.hold() ?? null;
    else this.#letGo();
  }

  #letGo(): void {
    this.#hold?.dispose();
    this.#hold = null;
  }

  #forget(): void {
    this.#letGo();
    if (this.#live) LiveRuns.of(this.context.bottega).release(this.#live);
    this.#live = null;
  }
}
