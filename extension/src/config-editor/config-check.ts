import { BottegaError } from '@bottega/client';
import type { ClusterSpec, Problem, RunConfig } from '@bottega/schema';
import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IBottega } from '../agent/index.js';
import type { ConfigKind } from './language/index.js';

const PAUSE_MS = 120;
const AGENT_PAUSE_MS = 500;

/** What is known about the text as it is now. */
export interface CheckResult {
  problems: readonly Problem[];
  /** Those of them that only another text heals. What the agent misses, a file perhaps, may be there by now. */
  inText: readonly Problem[];
  /** With every default filled in, and what it extends; null while there are problems. */
  config: RunConfig | null;
  spec: ClusterSpec | null;
}

/**
 * Checks a config while it is typed: at once with the schema in the page, and after a pause with the agent, which also
 * reads files that JupyterLab does not show.
 */
export class ConfigCheck implements IDisposable {
  #result: CheckResult = { problems: [], inText: [], config: null, spec: null };
  #version = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;
  readonly #changed = new Signal<this, CheckResult>(this);

  constructor(
    readonly context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>,
    readonly kind: ConfigKind,
    readonly bottega: IBottega,
    readonly contents: Contents.IManager
  ) {
    context.model.contentChanged.connect(this.#soon, this);
    context.pathChanged.connect(this.#soon, this);
    void context.ready.then(() => this.check());
  }

  get result(): CheckResult {
    return this.#result;
  }

  get changed(): ISignal<this, CheckResult> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Shows what the agent refused, until the text changes. */
  refuse(problems: readonly Problem[]): void {
    this.#version += 1;
    this.#setFromAgent(problems);
  }

  /** Another text of this file, with every default and what it extends; null when something is wrong with it. */
  async resolve(text: string): Promise<RunConfig | null> {
    return (await this.#checkHere(text)).config;
  }

  /** Checks now; answers when the schema has spoken. */
  async check(): Promise<CheckResult> {
    clearTimeout(this.#timer);
    this.#version += 1;
    const version = this.#version;
    const text = this.context.model.sharedModel.getSource();
    const result = await this.#checkHere(text);
    if (version !== this.#version || this.#isDisposed) return this.#result;
    this.#set(result);
    this.#timer = setTimeout(() => void this.#checkThere(text, version), AGENT_PAUSE_MS);
    return result;
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.context.model.contentChanged.disconnect(this.#soon, this);
    this.context.pathChanged.disconnect(this.#soon, this);
    Signal.clearData(this);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#version += 1;
    this.#timer = setTimeout(() => void this.check(), PAUSE_MS);
  }

  async #checkHere(text: string): Promise<CheckResult> {
    const { validateClusterSpec, validateRunConfig } = await import('@bottega/schema/validate');
    if (this.kind === 'cluster') {
      const { spec, problems } = validateClusterSpec(text);
      return { spec, config: null, problems, inText: problems };
    }
    const folder = PathExt.dirname(this.context.path);
    const { config, problems } = await validateRunConfig(text, {
      file: PathExt.basename(this.context.path),
      read: path => this.#read(PathExt.join(folder, path))
    });
    const placed = problems.map(inThisFile);
    return { config, spec: null, problems: placed, inText: placed };
  }

  async #read(path: string): Promise<string> {
    const file = await this.contents.get(path, { type: 'file', format: 'text', content: true });
    return String(file.content);
  }

  async #checkThere(text: string, version: number): Promise<void> {
    const project = this.bottega.projectOf(this.context.path);
    if (!project || this.bottega.agent.state.kind !== 'ready') return;
    const request = { text, what: this.kind, folder: project.folder, config_path: project.configPath };
    try {
      const { problems } = await this.bottega.client.validate(request);
      if (version !== this.#version || this.#isDisposed) return;
      this.#setFromAgent(problems);
    } catch (error) {
      // The schema in the page has spoken already; that the agent is away is said beside the Run button.
      if (!(error instanceof BottegaError)) throw error;
    }
  }

  #setFromAgent(found: readonly Problem[]): void {
    const problems = found.map(inThisFile);
    const messages = new Set(problems.map(problem => problem.message));
    // The agent reads what the page cannot, so that it has the last word about what is wrong.
    const inText = this.#result.inText.filter(problem => messages.has(problem.message));
    this.#set({ ...this.#result, problems, inText });
  }

  #set(result: CheckResult): void {
    this.#result = result;
    this.#changed.emit(result);
  }
}

/** A problem in a file that this one extends is shown where it says so, at the top when that is not known. */
const inThisFile = (problem: Problem): Problem => {
  if (problem.file === undefined) return problem;
  const { file, line, message, path } = problem;
  return {
    path,
    message: `${file}, line ${line ?? 1}: ${message}`,
    file,
    line: 1,
    column: 1,
    end_line: 1,
    end_column: 2
  };
};
