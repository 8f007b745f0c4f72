import type { IThemeManager } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { ReactWidget } from '@jupyterlab/apputils';
import type { IBottega } from '../agent/index.js';
import { useSignal } from '../state/index.js';
import type { ConfigCheck } from './config-check.js';
import { FactsStrip } from './facts-strip.js';
import type { CodeEditor } from './monaco/code-editor.js';
import { LiveBar } from './live-bar.js';
import type { LiveEdit } from './live-edit.js';
import { ProblemBar } from './problem-bar.js';

export interface ConfigEditorOptions {
  bottega: IBottega;
  check: ConfigCheck;
  edit: LiveEdit;
  commands: CommandRegistry;
  context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
  themes: IThemeManager | null;
  trans: TranslationBundle;
}

/** A config in Monaco, what it amounts to beside it, and its problems below. */
export class ConfigEditor extends Widget {
  readonly check: ConfigCheck;
  #code: CodeEditor | null = null;
  /** Where the cursor goes as soon as Monaco is there. */
  #line: number | null = null;
  readonly #host = new Widget();

  constructor(readonly options: ConfigEditorOptions) {
    super();
    const { bottega, check, context, trans } = options;
    this.check = check;
    this.addClass('jp-BottegaEditor');
    this.#host.addClass('jp-BottegaEditor-host');
    this.#host.node.dataset['lmSuppressShortcuts'] = 'true';
    this.#host.node.textContent = trans.__('Loading the editor…');
    const layout = new PanelLayout();
    layout.addWidget(this.#host);
    if (check.kind === 'run') {
      const facts = ReactWidget.create(<FactsStrip bottega={bottega} check={check} trans={trans} />);
      facts.addClass('jp-BottegaEditor-facts');
      layout.addWidget(facts);
      const live = ReactWidget.create(<LiveBar edit={options.edit} trans={trans} />);
      live.addClass('jp-BottegaEditor-live');
      layout.addWidget(live);
    }
    const problems = ReactWidget.create(
      <Problems
        check={check}
        trans={trans}
        onReveal={problem => this.#code?.reveal(problem)}
        onFix={problem => this.#code?.fix(problem)}
      />
    );
    problems.addClass('jp-BottegaEditor-problems');
    layout.addWidget(problems);
    this.layout = layout;
    check.changed.connect(this.#showProblems, this);
    context.model.stateChanged.connect(this.#showReadOnly, this);
    context.fileChanged.connect(this.#showReadOnly, this);
    void context.ready.then(() => this.#create()).catch((error: unknown) => this.#showFailure(error));
  }

  /** Puts the cursor at the end of a line, from 1. */
  revealLine(line: number): void {
    this.#line = this.#code ? null : line;
    this.#code?.revealLine(line);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    const { context } = this.options;
    this.check.changed.disconnect(this.#showProblems, this);
    context.model.stateChanged.disconnect(this.#showReadOnly, this);
    context.fileChanged.disconnect(this.#showReadOnly, this);
    this.options.edit.dispose();
    this.check.dispose();
    this.#code?.dispose();
    super.dispose();
  }

  protected override onActivateRequest(_: Message): void {
    this.#code?.editor.focus();
    // What was missing when this tab was left may be there now.
    void this.check.check();
  }

  async #create(): Promise<void> {
    const { CodeEditor } = await import('./monaco/code-editor.js');
    if (this.isDisposed) return;
    const { context, themes, trans } = this.options;
    this.#host.node.textContent = '';
    this.#code = new CodeEditor({
      host: this.#host.node,
      contents: this.check.contents,
      context,
      kind: this.check.kind,
      themes,
      trans,
      keys: this.#keys()
    });
    this.#showProblems();
    this.#showReadOnly();
    if (this.node.contains(document.activeElement) || this.parent?.node.contains(document.activeElement)) {
      this.#code.editor.focus();
    }
    if (this.#line !== null) this.revealLine(this.#line);
  }

  /** While Monaco has the keyboard, JupyterLab hears nothing but these. */
  #keys(): { id: string; label: string; keys: string; run: () => void }[] {
    const { commands, trans } = this.options;
    const key = (keys: string, command: string, label: string) => ({
      id: command,
      label,
      keys,
      run: () => void commands.execute(command)
    });
    const isRun = this.check.kind === 'run';
    return [
      key('Accel S', 'docmanager:save', trans.__('Save')),
      key('Accel Shift S', 'docmanager:save-as', trans.__('Save as…')),
      key('Accel Shift C', 'apputils:activate-command-palette', trans.__('Command palette')),
      key('Accel B', 'application:toggle-left-area', trans.__('Show or hide the left sidebar')),
      key('Alt W', 'application:close', trans.__('Close tab')),
      isRun
        ? key('Accel Enter', 'bottega:run-config', trans.__('Run'))
        : key('Accel Enter', 'bottega:start-cluster-file', trans.__('Start cluster'))
    ];
  }

  #showProblems(): void {
    this.#code?.setProblems(this.check.result.problems);
  }

  /** The chunk of Monaco did not come: a server that is gone, or one that has a newer version. */
  #showFailure(error: unknown): void {
    const { trans } = this.options;
    this.#host.node.textContent = trans.__('The editor could not be loaded. Reload the page. (%1)', String(error));
  }

  #showReadOnly(): void {
    const { context } = this.options;
    const isReadOnly = context.model.readOnly || context.contentsModel?.writable === false;
    this.#code?.setReadOnly(isReadOnly);
  }
}

type ProblemsProps = Pick<ConfigEditorOptions, 'check' | 'trans'> &
  Pick<Parameters<typeof ProblemBar>[0], 'onReveal' | 'onFix'>;

const Problems = (props: ProblemsProps): JSX.Element => {
  useSignal(props.check.changed);
  return <ProblemBar {...props} problems={props.check.result.problems} />;
};
