import { BottegaError, type Client } from '@bottega/client';
import type { RunConfig, RunEvent } from '@bottega/schema';
import { validateRunConfig } from '@bottega/schema/validate';
import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it } from 'vitest';
import type { IBottega } from '../agent/index.js';
import { Ledger } from '../agent/ledger.js';
import { trans } from '../state/translation.fixture.js';
import { runRecord } from '../agent/record.fixture.js';
import type { ConfigCheck } from './config-check.js';
import { LiveEdit } from './live-edit.js';

const text = 'kind: finetune\nmodel: m\ndata: {train: a.jsonl}\n';
const resolve = async (yaml: string): Promise<RunConfig | null> => (await validateRunConfig(yaml)).config;

/** What the editor of a file knows of its text. */
class Text {
  readonly kind = 'run';
  readonly changed = new Signal<this, void>(this);
  readonly context = { path: 'docstrings/finetune.run.yaml', pathChanged: new Signal<object, void>({}) };
  readonly resolve = resolve;
  result: { config: RunConfig | null } = { config: null };

  async write(more: string): Promise<void> {
    this.result = { config: await resolve(text + more) };
    this.changed.emit();
  }
}

describe('LiveEdit', () => {
  const asked: unknown[] = [];
  let refusal: BottegaError | null;
  let send: (events: RunEvent[], newest: number) => void;
  let ledger: Ledger;
  let written: Text;
  let edit: LiveEdit;
  const put = (state: 'running' | 'done', id = 'run-aaa'): void =>
    ledger.receive({ type: 'run', run: runRecord({ id, state, config: `${text}learning_rate: 2.0e-4\n` }) });

  beforeEach(async () => {
    asked.length = 0;
    refusal = null;
    const client = {
      run: (id: string) => Promise.resolve(ledger.run(id)),
      change: (id: string, values: object) => {
        asked.push([id, values]);
        return refusal ? Promise.reject(refusal) : Promise.resolve();
      },
      stream: () => ({
        follow: (_run: string, _from: number, onEvents: typeof send) => {
          send = onEvents;
          return { dispose: () => undefined };
        }
      })
    } as unknown as Client;
    ledger = new Ledger(client);
    ledger.receive({ type: 'ledger', clusters: [], runs: [] });
    written = new Text();
    const bottega = {
      client,
      ledger,
      trans,
      submissions: { get: () => undefined },
      projectOf: () => ({ folder: '/home/ada/docstrings', configPath: 'finetune.run.yaml' })
    } as unknown as IBottega;
    edit = new LiveEdit(bottega, written as unknown as ConfigCheck);
    put('running');
    await written.write('learning_rate: 1.0e-4\nseed: 7\n');
    await expect.poll(() => edit.difference.live.length).toBe(1);
  });

  it('offers what the run can take, sends no more than that, and says from which step on it holds', async () => {
    expect(edit.difference.other.map(({ key }) => key)).toEqual(['seed']);
    await edit.apply();
    expect(asked).toEqual([['run-aaa', { learning_rate: 1e-4 }]]);
    expect(edit.applying.kind).toBe('sent');
    await edit.apply();
    expect(asked).toHaveLength(1);
    const change = { seq: 1, time: 1, type: 'change', step: 120, values: { learning_rate: 1e-4 }, before: {} } as const;
    send([change], 1);
    expect(edit.applying).toMatchObject({ kind: 'applied', step: 120 });
    expect(edit.difference.live).toEqual([]);
  });

  it('says why the agent refused, and offers it again after another edit', async () => {
    refusal = new BottegaError({ code: 'invalid_config', message: 'learning_rate is too high.' });
    await edit.apply();
    expect(edit.applying).toMatchObject({ kind: 'failed', error: { code: 'invalid_config' } });
    await written.write('learning_rate: 1.0e-4\nmax_steps: 9\n');
    expect(edit.applying.kind).toBe('none');
  });

  it('does not wait for a run that has ended', async () => {
    await edit.apply();
    put('done');
    expect(edit.applying).toMatchObject({ kind: 'failed', error: { code: 'conflict' } });
    expect([edit.run, edit.difference.live]).toEqual([null, []]);
  });

  it('compares with the newest run of the file that goes on', async () => {
    await edit.apply();
    put('running', 'run-bbb');
    put('done');
    await expect.poll(() => edit.run?.id).toBe('run-bbb');
    await expect.poll(() => edit.difference.live.length).toBe(1);
  });
});
