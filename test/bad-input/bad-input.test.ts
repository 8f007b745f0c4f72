import { once } from 'node:events';
import { truncate, writeFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Jupyter } from '../browser/jupyter.ts';
import { until } from '../cluster/until.ts';
import { allEvents, Workplace } from '../cluster/workplace.ts';

const tiny = (change: string): string => `extends: tiny.run.yaml\nkind: finetune\n${change}\n`;

/** What a person does wrong in a run, and what the run then says: all of these words, in its reason. */
const wrongRuns = [
  {
    what: 'a model path that is not there',
    config: tiny('model: models/tiyn'),
    says: ['models/tiyn is not a folder of the project', 'Did you mean models/tiny?']
  },
  {
    what: 'a line of the data that is not JSON',
    config: tiny('data: {train: data/broken.jsonl}'),
    says: ['data/broken.jsonl:3 is not JSON', 'It begins: ', "{'text': "]
  },
  {
    what: 'a data file that is not there',
    config: tiny('data: {train: data/nothing.jsonl}'),
    says: ['data/nothing.jsonl is not a file of the project folder']
  },
  {
    what: 'a tokenizer that does not fit the model',
    config: tiny('model: models/misfit'),
    says: ['The tokenizer of models/misfit has 759 tokens', '260', 'do not belong together']
  },
  {
    what: 'a module with a syntax error',
    config: tiny('loss: broken:loss'),
    says: ['loss: broken cannot be imported', 'SyntaxError']
  },
  { what: 'a command that is not there', config: 'kind: script\ncommand: nothing.py\n', says: ['nothing.py'] },
  {
    what: 'more ranks than the cluster can ever hold',
    config: tiny('resources: {ranks: 500}'),
    says: ['500']
  }
];

describe('on a cluster', () => {
  let workplace: Workplace;

  beforeAll(async () => {
    workplace = await Workplace.make();
    await workplace.write('data/broken.jsonl', '{"text": "a"}\n{"text": "b"}\n{\'text\': "c"}\n');
    await workplace.write('broken.py', 'def loss(model, batch:\n');
    await workplace.up('provider: local\nname: local\n');
  });
  afterAll(() => workplace?.end());

  it.each(wrongRuns)('$what: the run ends and says so', async ({ config, says }) => {
    await workplace.write('wrong.run.yaml', config);
    const refusal = await workplace.run('wrong.run.yaml', 'local').then(
      async run => {
        const last = (await allEvents(run, 30_000)).at(-1);
        expect(last).toMatchObject({ type: 'status', state: 'failed' });
        expect((await run.refresh()).state).toBe('failed');
        return run.record.reason;
      },
      (error: Error) => error.message
    );
    for (const words of says) expect(refusal).toContain(words);
  });

  it('a mistyped key is refused with its place and the right word', async () => {
    await workplace.write(
      'wrong.run.yaml',
      'kind: finetune\nmodel: models/tiny\nlearning_rte: 1\ndata: {train: data/train.jsonl}\n'
    );
    await expect(workplace.run('wrong.run.yaml', 'local')).rejects.toMatchObject({
      code: 'invalid_config',
      problems: [{ line: 3, column: 1, message: expect.stringContaining('learning_rate') }]
    });
  });

  it('a project folder of 12 GB is refused before it is read, and names what is large', async () => {
    const large = join(workplace.project, 'raw-images.bin');
    await writeFile(large, '');
    await truncate(large, 12 * 2 ** 30);
    const started = performance.now();
    try {
      const refusal = await workplace.run('tiny.run.yaml', 'local').then(
        async run => (await run.finished(AbortSignal.timeout(30_000))).reason,
        (error: Error) => error.message
      );
      expect(refusal).toMatch(/project folder is larger than .* raw-images.bin \(12.0 GiB\)/);
      expect(performance.now() - started).toBeLessThan(5_000);
    } finally {
      await rm(large);
    }
    expect((await (await workplace.run('tiny.run.yaml', 'local')).finished(AbortSignal.timeout(60_000))).state).toBe(
      'done'
    );
  });

  it('a dashboard port that another program uses', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const failed = await failureOf(workplace, `provider: local\nname: second\ndashboard_port: ${port}\n`);
      expect(failed).toContain(`${port}`);
      expect(failed).toMatch(/port/i);
    } finally {
      other.close();
    }
  });

  it('a second JupyterLab on the same machine meets the same agent, and ends alone', async () => {
    const environment = { BOTTEGA_HOME: workplace.home };
    const servers = await Promise.all([Jupyter.start({ environment }), Jupyter.start({ environment })]);
    try {
      const { pid } = await workplace.client.info();
      const answers = await Promise.all(
        servers.map(({ url, token }) => fetch(`${url}bottega/info`, { headers: { Authorization: `token ${token}` } }))
      );
      for (const answer of answers) expect(await answer.json()).toMatchObject({ agent: { pid } });
    } finally {
      await Promise.all(servers.map(each => each.stop()));
    }
    expect((await workplace.client.clusters()).map(each => each.name)).toContain('local');
  });

  it('an address where no Ray answers: says what it waits for', async () => {
    await workplace.client.up('provider: existing\nname: nowhere\naddress: http://127.0.0.1:9\n');
    const waiting = async () => {
      const cluster = (await workplace.client.clusters()).find(each => each.name === 'nowhere');
      return cluster?.state === 'starting' && cluster.reason.includes('http://127.0.0.1:9') ? true : undefined;
    };
    await until('the cluster to say what it waits for', waiting, 5_000);
    await workplace.client.down('nowhere');
  });
});

/** The sentences of a cluster that cannot come up, whether it is refused at once or fails. */
const failureOf = async (workplace: Workplace, spec: string): Promise<string> => {
  const failed = await workplace.client.up(spec).then(
    ({ name }) =>
      until(
        'the cluster to fail',
        async () => (await workplace.client.clusters()).find(each => each.name === name && each.state === 'failed'),
        45_000
      ),
    (error: Error) => ({ reason: error.message, error: undefined })
  );
  return `${failed.reason} ${failed.error?.message ?? ''} ${failed.error?.hint ?? ''}`;
};
