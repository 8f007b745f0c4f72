import type { Client, LedgerMessage } from '@bottega/client';
import type { Run, RunPage } from '@bottega/schema';
import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger, type LedgerChange } from './ledger.js';
import { clusterRecord, runRecord } from './record.fixture.js';

type OnState = (state: { isConnected: boolean; since: number }) => void;

/** The two things of a client that a ledger uses, in the hands of the test. */
class Feed {
  say: (message: LedgerMessage) => void = () => undefined;
  connect: OnState = () => undefined;
  pages: RunPage[] = [];
  readonly asked: (string | undefined)[] = [];

  readonly client = {
    stream: () => ({
      followLedger: (listener: (message: LedgerMessage) => void) => {
        this.say = listener;
        return { dispose: () => (this.say = () => undefined) };
      },
      watchState: (listener: OnState) => {
        this.connect = listener;
        return { dispose: () => undefined };
      }
    }),
    runs: ({ before }: { before?: string }) => {
      this.asked.push(before);
      return Promise.resolve(this.pages.shift() ?? { runs: [], next: null });
    }
  } as unknown as Client;
}

describe('Ledger', () => {
  let feed: Feed;
  let ledger: Ledger;
  const changes: LedgerChange[] = [];
  const ids = (): string[] => ledger.runs.map(run => run.id);
  const all = (runs: Run[]): LedgerMessage => ({ type: 'ledger', clusters: [clusterRecord({ name: 'local' })], runs });

  beforeEach(() => {
    changes.length = 0;
    feed = new Feed();
    ledger = new Ledger(feed.client);
    ledger.changed.connect((_, change) => changes.push(change));
    ledger.follow();
  });

  it('is loading until all of it has come', () => {
    feed.connect({ isConnected: true, since: 1 });
    expect(ledger.state.kind).toBe('loading');
    feed.say(all([]));
    expect(ledger.state.kind).toBe('live');
  });

  it('has runs newest first and names what changed', () => {
    feed.say(all([runRecord({ id: 'run-old', created: 1 }), runRecord({ id: 'run-new', created: 3 })]));
    feed.say({ type: 'run', run: runRecord({ id: 'run-between', created: 2 }) });
    expect(ids()).toEqual(['run-new', 'run-between', 'run-old']);
    expect(changes).toEqual([{ isAnew: true }, { run: 'run-between' }]);
  });

  it('replaces, deletes and forgets', () => {
    feed.say(all([runRecord({ id: 'run-aaa' }), runRecord({ id: 'run-bbb' })]));
    feed.say({ type: 'run', run: runRecord({ id: 'run-aaa', step: 7 }) });
    feed.say({ type: 'run_deleted', id: 'run-bbb' });
    feed.say({ type: 'cluster_deleted', name: 'local' });
    expect(ledger.run('run-aaa')?.step).toBe(7);
    expect(ids()).toEqual(['run-aaa']);
    expect(ledger.clusters).toEqual([]);
  });

  it('keeps what it has while reconnecting, and takes all of it new afterwards', () => {
    feed.say(all([runRecord({ id: 'run-aaa' })]));
    feed.connect({ isConnected: false, since: 42 });
    expect(ledger.state).toEqual({ kind: 'reconnecting', since: 42 });
    expect(ids()).toEqual(['run-aaa']);
    feed.connect({ isConnected: true, since: 43 });
    expect(ledger.state.kind).toBe('reconnecting');
    feed.say(all([runRecord({ id: 'run-bbb' })]));
    expect(ledger.state.kind).toBe('live');
    expect(ids()).toEqual(['run-bbb']);
  });

  it('does not let a late answer undo what the stream said', () => {
    feed.say(all([runRecord({ id: 'run-aaa', state: 'done', last_seq: 9 })]));
    ledger.put({ run: runRecord({ id: 'run-aaa', state: 'pending', last_seq: 1 }) });
    expect(ledger.run('run-aaa')?.state).toBe('done');
    ledger.put({ cluster: clusterRecord({ name: 'local', state: 'stopping', observed: 2_000 }) });
    ledger.put({ cluster: clusterRecord({ name: 'local', state: 'ready', observed: 1_500 }) });
    expect(ledger.cluster('local')?.state).toBe('stopping');
  });

  it('reads older pages until one brings something new, and knows when there are no more', async () => {
    feed.say(all([runRecord({ id: 'run-new', created: 2 })]));
    expect(ledger.hasOlderRuns).toBe(true);
    feed.pages = [
      { runs: [runRecord({ id: 'run-new', created: 2 })], next: 'page-2' },
      { runs: [runRecord({ id: 'run-old', created: 1 })], next: null }
    ];
    await ledger.loadOlderRuns();
    expect(feed.asked).toEqual([undefined, 'page-2']);
    expect(ids()).toEqual(['run-new', 'run-old']);
    expect(ledger.hasOlderRuns).toBe(false);
  });

  it('knows an older run without a hole in the list, which it joins when the list has reached it', async () => {
    feed.say(all([runRecord({ id: 'run-new', created: 9 })]));
    feed.say({ type: 'run', run: runRecord({ id: 'run-old', created: 1, step: 7 }) });
    ledger.remember([runRecord({ id: 'run-mid', created: 5 }), runRecord({ id: 'run-old', created: 1, step: 3 })]);
    expect(ids()).toEqual(['run-new']);
    expect([ledger.run('run-mid')?.created, ledger.run('run-old')?.step]).toEqual([5, 7]);
    const older = [5, 3, 1].map(created =>
      runRecord({ id: `run-${{ 5: 'mid', 3: 'low', 1: 'old' }[created]}`, created })
    );
    feed.pages = [{ runs: older, next: null }];
    await ledger.loadOlderRuns();
    expect(ids()).toEqual(['run-new', 'run-mid', 'run-low', 'run-old']);
    expect(ledger.run('run-old')?.step).toBe(7);
    feed.say({ type: 'run_deleted', id: 'run-mid' });
    expect(ledger.run('run-mid')).toBeUndefined();
  });

  it('puts the names of the runs it knows into a sentence', () => {
    feed.say(all([runRecord({ id: '20261129-143803-lvamtpw2', name: 'lora' })]));
    expect(ledger.withNames('in use by 20261129-143803-lvamtpw2, 20261129-143812-nbv7lyjv; local')).toBe(
      'in use by lora, 20261129-143812-nbv7lyjv; local'
    );
  });

  it('hears nothing after it is disposed', () => {
    const { say } = feed;
    ledger.dispose();
    say(all([runRecord({ id: 'run-aaa' })]));
    expect(ids()).toEqual([]);
  });
});
