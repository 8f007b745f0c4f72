import type { Problem } from '@bottega/schema';
import type { IThemeManager } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { editor } from 'monaco-editor/editor';
import type { ConfigKind } from '../language/index.js';
import { DocumentBinding } from './binding.js';
import { filesBeside } from './file-completion.js';
import { fileLists, markerCode, registerLanguage } from './language.js';
import { monaco } from './monaco.js';
import { applyTheme } from './theme.js';

export interface CodeEditorOptions {
  host: HTMLElement;
  context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
  contents: Contents.IManager;
  kind: ConfigKind;
  themes: IThemeManager | null;
  trans: TranslationBundle;
  /** Monaco keeps every key; these few do what they do elsewhere in JupyterLab. */
  keys: { id: string; label: string; keys: string; run: () => void }[];
}

const OWNER = 'bottega';
let count = 0;

/** Monaco on a document of JupyterLab. */
export class CodeEditor implements IDisposable {
  readonly text: editor.ITextModel;
  readonly editor: editor.IStandaloneCodeEditor;
  readonly #owned: IDisposable[] = [];
  #isDisposed = false;

  constructor(readonly options: CodeEditorOptions) {
    const { host, context, kind, themes, trans } = options;
    registerLanguage(monaco, trans);
    // Two tabs on one file are two models, so the address needs a number.
    const uri = monaco.Uri.from({ scheme: `bottega-${kind}`, path: `/${(count += 1)}/${context.localPath}` });
    this.text = monaco.editor.createModel(context.model.sharedModel.getSource(), 'yaml', uri);
    fileLists.set(this.text, filesBeside(context, options.contents));
    this.text.updateOptions({
      tabSize: 2,
      insertSpaces: true,
      bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false }
    });
    followTheme(themes, this.#owned);
    this.editor = monaco.editor.create(host, {
      ...editorOptions(),
      model: this.text,
      ariaLabel: trans.__('Config %1', context.localPath)
    });
    this.#owned.push(new DocumentBinding(monaco, this.text, context.model));
    for (const { id, label, keys, run } of options.keys) {
      this.#own(this.editor.addAction({ id, label, keybindings: [keybinding(keys)], run }));
    }
    this.#own(this.editor);
    this.#own(this.text);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  setReadOnly(isReadOnly: boolean): void {
    const value = this.options.trans.__('This file is read-only.');
    this.editor.updateOptions({ readOnly: isReadOnly, readOnlyMessage: { value } });
  }

  setProblems(problems: readonly Problem[]): void {
    const markers = problems.map(problem => ({
      severity: monaco.MarkerSeverity.Error,
      message: problem.message,
      startLineNumber: problem.line ?? 1,
      startColumn: problem.column ?? 1,
      endLineNumber: problem.end_line ?? problem.line ?? 1,
      endColumn: problem.end_column ?? (problem.column ?? 1) + 1,
      ...(problem.suggestion === undefined ? {} : { code: markerCode(problem.suggestion) })
    }));
    monaco.editor.setModelMarkers(this.text, OWNER, markers);
  }

  revealLine(line: number): void {
    const lineNumber = Math.min(line, this.text.getLineCount());
    this.reveal({ line: lineNumber, column: this.text.getLineMaxColumn(lineNumber) });
  }

  /** Puts the cursor on a problem. */
  reveal({ line = 1, column = 1 }: Pick<Problem, 'line' | 'column'>): void {
    const position = { lineNumber: line, column };
    this.editor.setPosition(position);
    this.editor.revealPositionInCenterIfOutsideViewport(position);
    this.editor.focus();
  }

  /** Writes what a problem suggests over what it marks; undo takes it back. */
  fix({ line, column, end_line, end_column, suggestion }: Problem): void {
    if (suggestion === undefined || line === undefined || column === undefined) return;
    const range = new monaco.Range(line, column, end_line ?? line, end_column ?? column);
    this.editor.pushUndoStop();
    this.editor.executeEdits(OWNER, [{ range, text: suggestion }]);
    this.editor.pushUndoStop();
    this.editor.focus();
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const each of this.#owned.splice(0)) each.dispose();
  }

  #own(disposable: { dispose(): void }): void {
    this.#owned.push(new DisposableDelegate(() => disposable.dispose()));
  }
}

const editorOptions = (): editor.IStandaloneEditorConstructionOptions => {
  const style = getComputedStyle(document.body);
  const fontSize = Number.parseFloat(style.getPropertyValue('--jp-code-font-size')) || 13;
  return {
    fontFamily: style.getPropertyValue('--jp-code-font-family'),
    fontSize,
    lineHeight: 1.5,
    automaticLayout: true,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    lineNumbersMinChars: 3,
    lineDecorationsWidth: 8,
    folding: true,
    renderLineHighlight: 'none',
    overviewRulerBorder: false,
    overviewRulerLanes: 1,
    hideCursorInOverviewRuler: true,
    padding: { top: 8, bottom: 8 },
    scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10 },
    wordBasedSuggestions: 'off',
    quickSuggestions: { other: true, comments: false, strings: true },
    suggest: { showWords: false, showStatusBar: false, preview: false },
    lightbulb: { enabled: 'off' as editor.ShowLightbulbIconMode },
    wordWrap: 'on',
    wrappingIndent: 'indent',
    hover: { above: false },
    // Panels clip what is in them (contain: strict), so that lists and hovers hang on the body.
    fixedOverflowWidgets: true,
    overflowWidgetsDomNode: overflowNode()
  };
};

let overflow: HTMLElement | null = null;

const overflowNode = (): HTMLElement => {
  if (overflow?.isConnected) return overflow;
  overflow = document.createElement('div');
  overflow.className = 'monaco-editor jp-ThemedContainer jp-BottegaOverflow';
  document.body.appendChild(overflow);
  return overflow;
};

const followTheme = (themes: IThemeManager | null, owned: IDisposable[]): void => {
  const apply = (): void => applyTheme(monaco, themes?.theme ? themes.isLight(themes.theme) : true);
  apply();
  themes?.themeChanged.connect(apply);
  owned.push(new DisposableDelegate(() => themes?.themeChanged.disconnect(apply)));
};

/** `Accel Shift S` as JupyterLab writes it; Accel is Cmd on a Mac and Ctrl elsewhere. */
const keybinding = (keys: string): number =>
  keys.split(' ').reduce((sum, key) => {
    const modifiers: Record<string, number> = {
      Accel: monaco.KeyMod.CtrlCmd,
      Shift: monaco.KeyMod.Shift,
      Alt: monaco.KeyMod.Alt
    };
    const code = monaco.KeyCode[(key.length === 1 ? `Key${key}` : key) as keyof typeof monaco.KeyCode];
    return sum | (modifiers[key] ?? code);
  }, 0);
