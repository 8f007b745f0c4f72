import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import type { editor, IDisposable as IMonacoDisposable } from 'monaco-editor/editor';
import { difference } from './difference.js';
import type { Monaco } from './monaco.js';

/**
 * Keeps the text of Monaco and of JupyterLab's document the same. The document is the truth: saving, reverting and other
 * people's edits happen there. Only what differs is replaced, so that the cursor and Monaco's undo history stay.
 */
export class DocumentBinding implements IDisposable {
  #isPassingOn = false;
  readonly #listener: IMonacoDisposable;

  constructor(
    readonly monaco: Monaco,
    readonly text: editor.ITextModel,
    readonly document: DocumentRegistry.ICodeModel
  ) {
    this.#fromDocument();
    this.#listener = text.onDidChangeContent(() => this.#toDocument());
    document.sharedModel.changed.connect(this.#fromDocument, this);
  }

  get isDisposed(): boolean {
    return this.text.isDisposed();
  }

  dispose(): void {
    this.document.sharedModel.changed.disconnect(this.#fromDocument, this);
    this.#listener.dispose();
  }

  #toDocument(): void {
    const { sharedModel } = this.document;
    const change = difference(sharedModel.getSource(), this.text.getValue());
    if (this.#isPassingOn || !change) return;
    this.#pass(() => sharedModel.updateSource(change.start, change.end, change.text));
  }

  #fromDocument(): void {
    if (this.#isPassingOn) return;
    const source = this.document.sharedModel.getSource();
    const change = difference(this.text.getValue(), source);
    if (!change) return;
    const from = this.text.getPositionAt(change.start);
    const to = this.text.getPositionAt(change.end);
    const range = this.monaco.Range.fromPositions(from, to);
    this.#pass(() => {
      this.text.pushEditOperations(null, [{ range, text: change.text, forceMoveMarkers: true }], () => null);
      // Mixed line endings become one kind in Monaco; as the offsets of both must agree, the document keeps Monaco's.
      if (this.text.getValue() !== source) this.document.sharedModel.setSource(this.text.getValue());
    });
  }

  #pass(work: () => void): void {
    this.#isPassingOn = true;
    try {
      work();
    } finally {
      this.#isPassingOn = false;
    }
  }
}
