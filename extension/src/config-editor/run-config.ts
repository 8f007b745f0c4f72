import { BottegaError, newRunId } from '@bottega/client';
import { showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IBottega } from '../agent/index.js';
import type { ChosenCluster } from './chosen-cluster.js';
import type { ConfigDocument } from './factory.js';
import { runObstacle, startObstacle } from './obstacle.js';

/** Narrower than this a config and a run do not fit side by side. */
const LEAST_WIDTH_PX = 900;

export interface RunServices {
  bottega: IBottega;
  chosen: ChosenCluster;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Saves a config and runs it; the panel of the run opens at once and says what it waits for. */
export const runConfig = async (document: ConfigDocument, services: RunServices): Promise<void> => {
  const { bottega, chosen, commands, trans } = services;
  const { context, content, sending } = document;
  const { inText: problems } = await content.check.check();
  const name = chosen.name;
  const cluster = name === null ? undefined : bottega.ledger.cluster(name);
  const project = bottega.projectOf(context.path);
  const obstacle = runObstacle(trans, { agent: bottega.agent.state, cluster, problems, isSending: sending.isOn });
  // The toolbar says what it waits for, and the problems are marked.
  if (obstacle !== undefined || !cluster) return;
  if (!project) {
    await showErrorMessage(
      trans.__('The run was not started'),
      trans.__('This server keeps its files where no process can read them.')
    );
    return;
  }
  const request = {
    id: newRunId(),
    config: context.model.sharedModel.getSource(),
    folder: project.folder,
    config_path: project.configPath,
    cluster: cluster.name
  };
  await sending.once(async () => {
    const sent = bottega.submissions.submit(request, () => saved(document, trans));
    void openBeside(document, request.id, commands);
    try {
      await sent;
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      // There is no run to look at; what is wrong is here.
      bottega.submissions.dismiss(request.id);
      await commands.execute('bottega:close-run', { id: request.id });
      if (error.problems.length) content.check.refuse(error.problems);
      else await told(trans.__('The run was not started'), error);
    }
  });
};

/** The panel of the run, at the right where there is room: the next edit is made while this run still goes. */
const openBeside = async (document: ConfigDocument, id: string, commands: CommandRegistry): Promise<void> => {
  await commands.execute('bottega:open-run', { id, beside: document.node.clientWidth >= LEAST_WIDTH_PX });
  if (document.isVisible) document.content.activate();
};

/** Saves a cluster spec and starts it. */
export const startClusterFile = async (document: ConfigDocument, services: RunServices): Promise<void> => {
  const { bottega, commands, trans } = services;
  const { context, content, sending } = document;
  const { inText: problems, spec } = await content.check.check();
  const cluster = spec ? bottega.ledger.cluster(spec.name) : undefined;
  const situation = { agent: bottega.agent.state, cluster, problems, isSending: sending.isOn };
  if (startObstacle(trans, situation) !== undefined) return;
  await sending.once(async () => {
    try {
      await saved(document, trans);
      bottega.ledger.put({ cluster: await bottega.client.up(context.model.sharedModel.getSource()) });
      await commands.execute('bottega:show-sidebar');
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      if (error.problems.length) content.check.refuse(error.problems);
      else await told(trans.__('The cluster did not start'), error);
    }
  });
};

const told = (title: string, error: BottegaError): Promise<void> =>
  showErrorMessage(title, [error.message, error.hint].filter(Boolean).join(' '));

/** JupyterLab says in a dialog why a file cannot be saved; what follows from it is said here. */
const saved = async ({ context }: ConfigDocument, trans: TranslationBundle): Promise<void> => {
  if (!context.model.dirty) return;
  try {
    await context.save();
  } catch (cause) {
    const message = trans.__('The file was not saved, so that nothing was started.');
    throw new BottegaError({ code: 'conflict', message, details: String(cause) }, { cause });
  }
};
