import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cluster/until.ts';
import { allEvents, eventsUntil, lossesOf, outputOf, repository, Workplace } from '../cluster/workplace.ts';
import { CLUSTER_ADDRESS, Namespaces, whyNoNamespaces } from './namespaces.ts';

const reason = whyNoNamespaces();
if (reason) console.warn(`The isolated cluster is left out: ${reason}`);
const DASHBOARD_PORT = 8265;
const token = randomBytes(32).toString('hex');

/** Starts the Ray head on the cluster's side and waits until it says that it stands. It ends with that side. */
const startHead = async (namespaces: Namespaces): Promise<void> => {
  const script = join(repository, 'test/isolation/head.sh');
  const line = ['sh', script, join(repository), CLUSTER_ADDRESS, String(DASHBOARD_PORT)];
  const [command = '', ...args] = namespaces.onClusterSide(line);
  const head = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [head.stdout, head.stderr]) stream.on('data', data => (output += String(data)));
  // Not by the command line, which everybody can read.
  head.stdin.end(token);
  await until(
    'the Ray head',
    () => {
      if (head.exitCode !== null) throw new Error(`The Ray head ended with code ${head.exitCode}:\n${output}`);
      return output.includes('Ray runtime started') ? true : undefined;
    },
    60_000
  );
};

describe.skipIf(reason)('a cluster in a network of its own, with no folder shared', () => {
  let namespaces: Namespaces;
  let workplace: Workplace;

  beforeAll(async () => {
    namespaces = await Namespaces.make();
    await startHead(namespaces);
    workplace = await Workplace.make(command => namespaces.onAgentSide(command));
    const tokenFile = join(workplace.home, 'far.token');
    await writeFile(tokenFile, token, { mode: 0o600 });
    const address = `http://${CLUSTER_ADDRESS}:${DASHBOARD_PORT}`;
    await workplace.up(`provider: existing\nname: far\naddress: ${address}\ntoken_file: ${tokenFile}\n`);
  });

  afterAll(async () => {
    await workplace?.end();
    await namespaces?.end();
  });

  it('a script there sees neither the project folder nor the home of the agent', async () => {
    const paths = JSON.stringify([workplace.project, workplace.home, join(repository, 'native')]);
    await workplace.write(
      'look.py',
      `import os\nprint([os.path.exists(path) for path in ${paths}], os.listdir("."))\n`
    );
    await workplace.write('look.run.yaml', 'kind: script\ncommand: look.py\n');
    const output = outputOf(await allEvents(await workplace.run('look.run.yaml', 'far')));
    expect(output).toContain('[False, False, False]');
    expect(output).toContain('hooks.py');
  });

  it('code is edited and runs again while the first run goes on, and a trace comes back', async () => {
    await workplace.edit('tiny.run.yaml', text => text.replace('max_steps: 5', 'max_steps: 100000'));
    const long = await workplace.run('tiny.run.yaml', 'far');
    const first = await eventsUntil(long, event => event.type === 'metric');
    expect(outputOf(first)).toContain('hooks: scale 1.0');

    await workplace.edit('hooks.py', text => text.replace('SCALE = 1.0', 'SCALE = 3.0'));
    await workplace.edit('tiny.run.yaml', text =>
      text.replace('max_steps: 100000', 'max_steps: 5\nprofile: {steps: [2, 3]}')
    );
    const second = await workplace.run('tiny.run.yaml', 'far');
    const events = await allEvents(second);
    expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'status', state: 'done' });
    expect(outputOf(events)).toContain('hooks: scale 3.0');
    expect(lossesOf(events)[0]! / lossesOf(first)[0]!).toBeCloseTo(3, 3);

    const trace = events.find(event => event.type === 'trace');
    if (trace?.type !== 'trace') throw new Error('There is no trace.');
    const columns = await (await workplace.client.trace(second.id, trace.name)).arrayBuffer();
    expect(columns.byteLength).toBeGreaterThan(1_000);

    expect((await long.refresh()).state).toBe('running');
    await long.stop();
    expect((await long.finished(AbortSignal.timeout(30_000))).state).toBe('stopped');
  });

  it('a wrong token is refused with a sentence', async () => {
    const tokenFile = join(workplace.home, 'wrong.token');
    await writeFile(tokenFile, 'not-the-token-of-that-cluster-at-all', { mode: 0o600 });
    const address = `http://${CLUSTER_ADDRESS}:${DASHBOARD_PORT}`;
    const spec = `provider: existing\nname: wrong\naddress: ${address}\ntoken_file: ${tokenFile}\n`;
    await expect(workplace.up(spec)).rejects.toThrow(/token/i);
  });
});
