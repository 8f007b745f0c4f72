import { Client } from '@bottega/client';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { AgentStatus } from './agent-status.js';
import { JupyterTransport } from './jupyter-transport.js';
import { Ledger } from './ledger.js';
import { pathOf, projectOf, type Project } from './project.js';
import { askServer } from './server-info.js';
import { Submissions } from './submissions.js';

/** What features of the extension work with. */
export interface IBottega {
  readonly client: Client;
  /** Clusters and runs, live. */
  readonly ledger: Ledger;
  /** Runs on their way to the agent. */
  readonly submissions: Submissions;
  /** Whether the agent answers, and why not. */
  readonly agent: AgentStatus;
  /** The words of Bottega in the language of this page. */
  readonly trans: TranslationBundle;
  /** The project folder of a file that JupyterLab knows by this path; null when contents are not files on a disk. */
  projectOf(path: string): Project | null;
  /** The path by which JupyterLab knows a config; null when it lies outside of its root. */
  pathOf(project: Project): string | null;
}

export const IBottega = new Token<IBottega>(
  '@bottega/lab:IBottega',
  'The Bottega agent: its client, its clusters and runs as they change, and whether it answers.'
);

export class Bottega implements IBottega {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly submissions: Submissions;
  readonly agent: AgentStatus;
  /** It does not change while a server runs, so the last answer holds while the agent is away. */
  #root: string | null = null;

  constructor(
    settings: ServerConnection.ISettings,
    readonly trans: TranslationBundle
  ) {
    this.client = new Client(new JupyterTransport(settings));
    this.ledger = new Ledger(this.client);
    this.submissions = new Submissions(this.client, this.ledger);
    this.agent = new AgentStatus(() => askServer(settings));
    this.agent.changed.connect((_, state) => {
      if (state.kind !== 'ready') return;
      this.#root = state.info.root;
      this.ledger.follow();
    }, this);
    this.ledger.stateChanged.connect((_, state) => {
      // The stream comes back by itself; only the server half knows why it went.
      if (state.kind === 'reconnecting') void this.agent.check();
    }, this);
  }

  projectOf(path: string): Project | null {
    return this.#root === null ? null : projectOf(this.#root, path);
  }

  pathOf(project: Project): string | null {
    return this.#root === null ? null : pathOf(this.#root, project);
  }
}
