import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, type WriteStream } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAgent } from '../cluster/agent.ts';
import { until } from '../cluster/until.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export interface JupyterOptions {
  /** As JupyterHub gives it: `/user/ada/`. Default: `/`. */
  baseUrl?: string;
  /** A folder that is copied into the root. Default: the example, where it is there. */
  project?: string | undefined;
  /** Shows each new build of the extension; otherwise the build of now, whatever is built meanwhile. */
  followsBuild?: boolean;
  /** More environment, for example BOTTEGA_AGENT_MAIN. */
  environment?: Record<string, string>;
}

/** A real JupyterLab with everything of its own: port, settings, BOTTEGA_HOME, root folder. */
export class Jupyter {
  /** With the base URL and a slash at the end. */
  readonly url: string;
  readonly token: string;
  readonly #scratch: string;
  readonly #process: ChildProcess;

  private constructor(url: string, token: string, scratch: string, process: ChildProcess) {
    this.url = url;
    this.token = token;
    this.#scratch = scratch;
    this.#process = process;
  }

  get home(): string {
    return join(this.#scratch, 'home');
  }

  get root(): string {
    return join(this.#scratch, 'root');
  }

  get log(): string {
    return join(this.#scratch, 'jupyter.log');
  }

  static async start(options: JupyterOptions = {}): Promise<Jupyter> {
    // Short: sockets of Ray lie below it.
    const scratch = await mkdtemp(join(tmpdir(), 'bottega-'));
    await prepare(scratch, options);
    const token = randomBytes(16).toString('hex');
    const log = createWriteStream(join(scratch, 'jupyter.log'), { mode: 0o600 });
    const process = await launch(scratch, token, log, options);
    try {
      const url = await until('JupyterLab to listen', () => readUrl(scratch, process), START_TIMEOUT_MS);
      return new Jupyter(url, token, scratch, process);
    } catch (error) {
      await end(process);
      throw new Error(`${String(error)}\n${await readFile(join(scratch, 'jupyter.log'), 'utf8')}`, { cause: error });
    }
  }

  /** Ends the server, its agent and the clusters of that agent; takes the folder away. */
  async stop(): Promise<void> {
    await end(this.#process);
    await endAgent(this.home);
    await rm(this.#scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

const prepare = async (scratch: string, options: JupyterOptions): Promise<void> => {
  const project = options.project ?? join(repository, 'examples/docstrings');
  await mkdir(join(scratch, 'root'));
  await mkdir(join(scratch, 'home'), { mode: 0o700 });
  const left = new Set(['.ipynb_checkpoints', '__pycache__', 'outputs']);
  if (existsSync(project)) {
    const target = join(scratch, 'root', basename(project));
    await cp(project, target, { recursive: true, filter: path => !left.has(basename(path)) });
  }
  await offerExtension(scratch, options.followsBuild ?? false);
  // Above the root folder, as in the repository: TypeScript notebooks import from here.
  await symlink(join(repository, 'node_modules'), join(scratch, 'node_modules'));
  // Otherwise the first start asks whether to fetch news.
  const settings = join(scratch, 'lab/user-settings/@jupyterlab/apputils-extension');
  await mkdir(settings, { recursive: true });
  const quiet = { fetchNews: 'false', checkForUpdates: false };
  await writeFile(join(settings, 'notification.jupyterlab-settings'), JSON.stringify(quiet));
};

/** The extension as it is built, whatever is installed. */
const offerExtension = async (scratch: string, followsBuild: boolean): Promise<void> => {
  const built = join(repository, 'extension/server/bottega_lab/labextension');
  if (!existsSync(built)) return;
  const target = join(scratch, 'labextensions/@bottega/lab');
  await mkdir(dirname(target), { recursive: true });
  if (followsBuild) return symlink(built, target);
  // Somebody may be building it just now.
  await until('the extension to be built', () => copyBuilt(built, target), START_TIMEOUT_MS, 1_000);
};

const copyBuilt = async (from: string, to: string): Promise<true | undefined> => {
  try {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true });
    const { jupyterlab } = JSON.parse(await readFile(join(to, 'package.json'), 'utf8')) as BuiltPackage;
    return jupyterlab._build && existsSync(join(to, jupyterlab._build.load)) ? true : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

interface BuiltPackage {
  jupyterlab: { _build?: { load: string } };
}

const launch = async (scratch: string, token: string, log: WriteStream, options: JupyterOptions) => {
  await new Promise(resolve => log.once('open', resolve));
  const settings = {
    'ServerApp.ip': '127.0.0.1',
    'ServerApp.port': '0',
    'ServerApp.base_url': options.baseUrl ?? '/',
    'ServerApp.root_dir': join(scratch, 'root'),
    'ServerApp.open_browser': 'False',
    'ServerApp.allow_root': 'True',
    'LabApp.expose_app_in_browser': 'True',
    'LabApp.extra_labextensions_path': join(scratch, 'labextensions'),
    'LabApp.user_settings_dir': join(scratch, 'lab/user-settings'),
    'LabApp.workspaces_dir': join(scratch, 'lab/workspaces')
  };
  const folders = ['JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR', 'IPYTHONDIR'];
  const own = Object.fromEntries(folders.map(name => [name, join(scratch, name.toLowerCase())]));
  return spawn(
    join(repository, '.venv/bin/jupyter-lab'),
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    {
      stdio: ['ignore', log, log],
      // Kernels and the agent find the Node of the project. The token goes by the environment, where other people of the machine do not see it.
      env: {
        ...process.env,
        PATH: `${join(repository, 'node_modules/.bin')}:${process.env['PATH']}`,
        ...own,
        JUPYTER_TOKEN: token,
        BOTTEGA_HOME: join(scratch, 'home'),
        ...options.environment
      }
    }
  );
};

/** Jupyter writes the port it got into its runtime folder when it listens. */
const readUrl = async (scratch: string, process: ChildProcess): Promise<string | undefined> => {
  if (process.exitCode !== null) throw new Error(`JupyterLab ended with code ${process.exitCode}.`);
  const folder = join(scratch, 'jupyter_runtime_dir');
  const names = await readdir(folder).catch(() => [] as string[]);
  const name = names.find(each => /^jpserver-\d+\.json$/.test(each));
  if (!name) return undefined;
  const text = await readFile(join(folder, name), 'utf8');
  if (!text.trimEnd().endsWith('}')) return undefined;
  const { url } = JSON.parse(text) as { url: string };
  const answer = await fetch(`${url}api`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  return answer?.ok ? url : undefined;
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(timer);
};
