import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repository, type Workplace } from '../cluster/workplace.ts';
import type { Marks } from './marks.ts';

/** `ray job submit` on a local cluster of the agent: same machine, same Python, same folder. */
export class RayJobs {
  readonly #workplace: Workplace;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(workplace: Workplace, cluster: string, dashboardPort: number) {
    this.#workplace = workplace;
    this.#environment = {
      ...process.env,
      PATH: `${join(repository, '.venv/bin')}:${process.env['PATH']}`,
      RAY_ADDRESS: `http://127.0.0.1:${dashboardPort}`,
      RAY_AUTH_MODE: 'token',
      RAY_AUTH_TOKEN_PATH: join(workplace.home, 'clusters', cluster, 'ray-token'),
      RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: '0',
      PYTHONUNBUFFERED: '1'
    };
  }

  /** Saves, submits, and reads what the command prints until the job ends. */
  async measure(
    entrypoint: string[],
    stepLine: RegExp,
    save: () => Promise<void>,
    runtimeEnvironment: object = {}
  ): Promise<Marks> {
    const start = performance.now();
    await save();
    const more = ['--runtime-env-json', JSON.stringify(runtimeEnvironment)];
    const command = ['job', 'submit', '--working-dir', this.#workplace.project, ...more, '--', ...entrypoint];
    const child = spawn('ray', command, { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
    const lines: { text: string; seconds: number }[] = [];
    createInterface(child.stdout).on('line', text => lines.push({ text, seconds: (performance.now() - start) / 1000 }));
    const [code] = (await once(child, 'close')) as [number | null];
    const output = lines.map(each => each.text).join('\n');
    if (code !== 0) throw new Error(`ray job submit ended with code ${code}:\n${output}\n${complaint}`);
    const first = lines.slice(lines.findIndex(each => /Running entrypoint for job/.test(each.text)) + 1)[0];
    const step = lines.find(each => stepLine.test(each.text));
    if (!first || !step) throw new Error(`The job printed no step:\n${output}`);
    return { line: first.seconds, step: step.seconds };
  }

  /** Submits, gives every line the command prints until the job ends, and answers its id. */
  async follow(entrypoint: string[], onLine: (line: string) => void): Promise<string> {
    const command = ['job', 'submit', '--working-dir', this.#workplace.project, '--', ...entrypoint];
    const child = spawn('ray', command, { env: this.#environment, stdio: ['ignore', 'pipe', 'ignore'] });
    let id = '';
    createInterface(child.stdout).on('line', line => {
      id ||= /Job '(\w+)' submitted/.exec(line)?.[1] ?? '';
      onLine(line);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0 || !id) throw new Error(`ray job submit ended with code ${code}, job ${id}.`);
    return id;
  }

  /** The log of a job, as `ray job logs` and the Dashboard read it. */
  async log(id: string): Promise<string> {
    const token = (await readFile(this.#environment['RAY_AUTH_TOKEN_PATH'] ?? '', 'utf8')).trim();
    const address = `${this.#environment['RAY_ADDRESS']}/api/jobs/${id}/logs`;
    const answer = await fetch(address, { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`The Dashboard answers ${answer.status}.`);
    return ((await answer.json()) as { logs: string }).logs;
  }
}
