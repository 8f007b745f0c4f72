import type { IThemeManager } from '@jupyterlab/apputils';
import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { Toolbar } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IBottega } from '../agent/index.js';
import { isClusterFile } from '../files/index.js';
import { bottegaIcon } from '../state/index.js';
import type { ChosenCluster } from './chosen-cluster.js';
import { ConfigCheck } from './config-check.js';
import { ConfigEditor } from './config-editor.js';
import { LiveEdit } from './live-edit.js';
import { RunBar } from './run-bar.js';
import { Sending } from './sending.js';

/** A config in a tab. */
export class ConfigDocument extends DocumentWidget<ConfigEditor, DocumentRegistry.ICodeModel> {
  readonly sending = new Sending();

  /** `#line=3` puts the cursor at the end of that line. */
  override setFragment(fragment: string): void {
    const line = Number(/line=(\d+)/.exec(fragment)?.[1]);
    if (line) this.content.revealLine(line);
  }
}

export interface FactoryServices {
  bottega: IBottega;
  chosen: ChosenCluster;
  commands: CommandRegistry;
  contents: Contents.IManager;
  themes: IThemeManager | null;
  trans: TranslationBundle;
}

/** Makes the editor for `*.run.yaml` and `*.cluster.yaml`. */
export class ConfigEditorFactory extends ABCWidgetFactory<ConfigDocument, DocumentRegistry.ICodeModel> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<ConfigDocument>,
    readonly services: FactoryServices
  ) {
    super(options);
  }

  protected override createNewWidget(context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>): ConfigDocument {
    const { bottega, chosen, commands, contents, themes, trans } = this.services;
    const kind = isClusterFile(context.path) ? 'cluster' : 'run';
    const check = new ConfigCheck(context, kind, bottega, contents);
    const edit = new LiveEdit(bottega, check);
    const content = new ConfigEditor({ bottega, check, edit, commands, context, themes, trans });
    // Not the toolbar that hides what does not fit behind dots: this one says there what Run waits for.
    const document = new ConfigDocument({ content, context, toolbar: new Toolbar() });
    document.title.icon = bottegaIcon;
    const { sending } = document;
    document.toolbar.addItem('bottega-run', new RunBar({ bottega, check, edit, chosen, commands, sending, trans }));
    return document;
  }
}
