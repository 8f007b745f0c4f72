import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

/** Which run is looked at: in the panel in front, or in one beside it. Panels say it as `data-run` on their node. */
export class CurrentRun implements IDisposable {
  #id: string | null = null;
  #isDisposed = false;
  readonly #changed = new Signal<this, string | null>(this);

  constructor(
    readonly shell: JupyterFrontEnd.IShell,
    restored: Promise<void>
  ) {
    shell.currentChanged?.connect(this.#look, this);
    void restored.then(() => this.#look());
  }

  get id(): string | null {
    return this.#id;
  }

  get changed(): ISignal<this, string | null> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.shell.currentChanged?.disconnect(this.#look, this);
    Signal.clearData(this);
  }

  #look(): void {
    if (this.#isDisposed) return;
    const { currentWidget } = this.shell;
    const seen = [...this.shell.widgets('main')].filter(widget => widget.isVisible);
    const id = [currentWidget, ...seen].map(runOf).find(run => run !== null) ?? null;
    if (id === this.#id) return;
    this.#id = id;
    this.#changed.emit(id);
  }
}

/** The run that a panel shows. */
export const runOf = (widget: Widget | null): string | null =>
  widget?.node.dataset['run'] ?? widget?.node.querySelector<HTMLElement>(':scope > [data-run]')?.dataset['run'] ?? null;
