import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { bottegaIcon } from '../state/index.js';
import { clusterFileEndings, runFileEndings } from './file-types.js';
import { newFile } from './new-file.js';
import { clusterTemplate, runTemplate } from './templates.js';

const EXAMPLE = 'docstrings/finetune.run.yaml';

const folderArgs = {
  args: {
    type: 'object',
    properties: { cwd: { type: 'string', description: 'The folder; without it, the one the file browser shows.' } }
  }
} as const;

/** The file types of Bottega, and commands that make and open such files. */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: '@bottega/lab:files',
  description: 'Adds the file types *.run.yaml and *.cluster.yaml and makes new ones.',
  autoStart: true,
  optional: [IDefaultFileBrowser, ITranslator],
  activate: (app: JupyterFrontEnd, fileBrowser: IDefaultFileBrowser | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('bottega');
    const { commands, docRegistry, serviceManager } = app;
    const yaml = { mimeTypes: ['text/x-yaml'], icon: bottegaIcon, contentType: 'file', fileFormat: 'text' } as const;
    docRegistry.addFileType({
      ...yaml,
      name: 'bottega-run',
      displayName: trans.__('Run config'),
      extensions: runFileEndings
    });
    docRegistry.addFileType({
      ...yaml,
      name: 'bottega-cluster',
      displayName: trans.__('Cluster spec'),
      extensions: clusterFileEndings
    });

    const make = async (args: { cwd?: unknown }, stem: string, ending: string, content: string): Promise<void> => {
      const folder = typeof args.cwd === 'string' ? args.cwd : (fileBrowser?.model.path ?? '');
      const path = await newFile(serviceManager.contents, folder, stem, ending, content);
      await commands.execute('docmanager:open', { path });
    };
    commands.addCommand('bottega:new-run-config', {
      label: args => (args['isLauncher'] ? trans.__('Run config') : trans.__('New run config')),
      caption: trans.__('Make a config for a fine-tuning run'),
      icon: bottegaIcon,
      describedBy: folderArgs,
      execute: args => make(args, 'finetune', '.run.yaml', runTemplate)
    });
    commands.addCommand('bottega:new-cluster-spec', {
      label: args => (args['isLauncher'] ? trans.__('Cluster spec') : trans.__('New cluster spec')),
      caption: trans.__('Make a file that describes a Ray cluster'),
      icon: bottegaIcon,
      describedBy: folderArgs,
      execute: args => make(args, 'local', '.cluster.yaml', clusterTemplate)
    });
    commands.addCommand('bottega:open-example', {
      label: trans.__('Open the example'),
      icon: bottegaIcon,
      caption: trans.__('Fine-tune a tiny model on the docstrings of Python itself'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const isThere = await serviceManager.contents.get(EXAMPLE, { content: false }).then(
          () => true,
          () => false
        );
        await (isThere
          ? commands.execute('docmanager:open', { path: EXAMPLE })
          : commands.execute('bottega:new-run-config'));
      }
    });
  }
};
