import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentAddress } from '@bottega/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = join(repository, 'kernel-bridge/typescript');
const python = join(repository, '.venv/bin/python');
const run = promisify(execFile);
let scratch: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'bottega-tslab-'));
  env = {
    ...process.env,
    PATH: [join(repository, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    JUPYTER_PATH: join(scratch, 'share/jupyter'),
    BOTTEGA_HOME: join(scratch, 'home'),
    BOTTEGA_AGENT_MAIN: join(repository, 'kernel-bridge/stand-in/agent.mjs')
  };
  const tslab = join(folder, 'tslab.mjs');
  await run(tslab, ['install', `--python=${python}`, `--prefix=${scratch}`, `--binary=${tslab}`], {
    env,
    timeout: 60_000
  });
}, 60_000);

afterAll(() => {
  const address = JSON.parse(readFileSync(join(scratch, 'home/agent.json'), 'utf8')) as AgentAddress;
  process.kill(address.pid);
  rmSync(scratch, { recursive: true, force: true });
});

interface Output {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
}

/** Executes the cells in a tslab kernel and gives the outputs of each. */
const execute = async (cells: string[]): Promise<Output[][]> => {
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'tslab', display_name: 'TypeScript', language: 'typescript' } },
    cells: cells.map((source, index) => ({
      ...{ cell_type: 'code', id: `cell-${index}`, metadata: {}, execution_count: null, outputs: [], source }
    }))
  };
  const script = [
    'import sys, nbformat',
    'from nbclient import NotebookClient',
    'notebook = nbformat.read(sys.argv[1], 4)',
    'resources = {"metadata": {"path": sys.argv[2]}}',
    'NotebookClient(notebook, timeout=60, kernel_name="tslab", allow_errors=True, resources=resources).execute()',
    'nbformat.write(notebook, sys.argv[1])'
  ].join('\n');
  const file = join(scratch, 'tour.ipynb');
  writeFileSync(file, JSON.stringify(notebook));
  await run(python, ['-c', script, file, folder], { env, timeout: 100_000 });
  const executed = JSON.parse(readFileSync(file, 'utf8')) as { cells: { outputs: Output[] }[] };
  return executed.cells.map(cell => cell.outputs);
};

const printed = (outputs: Output[]): string =>
  outputs
    .filter(output => output.output_type === 'stream')
    .map(output => [output.text].flat().join(''))
    .join('');

test(
  'a cell of the tslab kernel connects, runs, shows and follows; mistakes are type errors',
  { timeout: 120_000 },
  async () => {
    const [connecting, showing, following, wrong] = await execute([
      "import { connect } from '@bottega/client/node';\nimport * as tslab from 'tslab';\n" +
        'const bottega = await connect({ display: tslab.display });\nconsole.log((await bottega.info()).name);',
      "await bottega.up('provider: local\\nname: local');\n" +
        "const run = await bottega.run({ config: { kind: 'script', command: 'python train.py' } });",
      'console.log((await run.finished()).state);\n' +
        "for await (const event of run.events()) if (event.type === 'metric') console.log(event.step, event.values.loss);",
      'const steps: string = run.record.step;'
    ]);
    expect(printed(connecting ?? [])).toBe('bottega-agent\n');
    const shown = (showing ?? []).map(output => output.data ?? {});
    expect(shown[0]?.['application/vnd.bottega.run+json']).toMatchObject({ version: 1, run: { kind: 'script' } });
    expect(String(shown[1]?.['text/html'])).toContain('bottega-run-fallback');
    expect(printed(following ?? [])).toBe('done\n1 2.5\n2 2\n3 1.5\n');
    expect(printed(wrong ?? [])).toContain("Type 'number' is not assignable to type 'string'");
  }
);
