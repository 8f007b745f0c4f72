import type { Client, LedgerMessage } from '@bottega/client';
import { BottegaError } from '@bottega/client';
import type { Run, RunPage, RunQuery } from '@bottega/schema';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../agent/ledger.js';
import { runRecord } from '../../agent/record.fixture.js';
import { everyRun } from './run-filter.js';
import { RunPages } from './run-pages.js';

const record = (created: number, change: Partial<Run> = {}): Run =>
  runRecord({ id: `run-${String(created).padStart(5, '0')}`, created, state: 'done', ...change });
/** 1000 runs in the agent, of which every tenth failed; names tell odd from even. */
const agentRuns = Array.from({ length: 1000 }, (_, index) => index + 1)
  .reverse()
  .map(created => record(created, { name: created % 2 ? 'odd' : 'even', state: created % 10 ? 'done' : 'failed' }));

describe('RunPages', () => {
  const asked: Partial<RunQuery>[] = [];
  let isDown: boolean;
  let connect: (state: { isConnected: boolean; since: number }) => void;
  let ledger: Ledger;
  let pages: RunPages;
  const client = {
    stream: () => ({
      followLedger: () => ({ dispose: () => undefined }),
      watchState: (listener: typeof connect) => {
        connect = listener;
        return { dispose: () => undefined };
      }
    }),
    runs: async ({ limit = 50, before, filter, state }: Partial<RunQuery>): Promise<RunPage> => {
      asked.push({ ...(before ? { before } : {}), ...(filter ? { filter } : {}), ...(state ? { state } : {}) });
      if (isDown) throw new BottegaError({ code: 'agent_unreachable', message: 'The agent does not answer.' });
      const found = agentRuns.filter(run => (!filter || run.name === filter) && (!state || run.state === state));
      const first = found.findIndex(run => run.id === before) + 1;
      const page = found.slice(first, first + limit);
      return { runs: page, next: found.length > first + limit ? page.at(-1)!.id : null };
    }
  } as unknown as Client;
  const say = (message: LedgerMessage): void => ledger.receive(message);
  const newest = (): LedgerMessage => ({ type: 'ledger', clusters: [], runs: agentRuns.slice(0, 100) });

  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    isDown = false;
    ledger = new Ledger(client);
    ledger.follow();
    pages = new RunPages({ client, ledger });
    say(newest());
  });
  afterEach(() => {
    pages.dispose();
    vi.useRealTimers();
  });

  it('reads pages until there are no more, each run once', async () => {
    expect(pages.missing).toBe(1);
    while (pages.hasMore) await pages.loadMore();
    expect(pages.rows).toEqual(agentRuns);
    expect(pages.missing).toBe(0);
  });

  it('answers a filter at once with what is here, and asks the agent once for a word', async () => {
    for (const text of ['o', 'od', 'odd']) pages.setFilter({ ...everyRun, text });
    expect(pages.rows).toHaveLength(50);
    expect([asked, pages.isLoading]).toEqual([[], true]);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toEqual([{ filter: 'odd' }]);
    expect(pages.rows).toHaveLength(200);
    while (pages.hasMore) await pages.loadMore();
    expect(pages.rows.map(run => run.id)).toEqual(agentRuns.filter(run => run.name === 'odd').map(run => run.id));
    expect(ledger.run('run-00001')?.name).toBe('odd');
    expect(ledger.runs).toHaveLength(100);
  });

  it('follows the stream while filtered: what begins to match comes, what ceases to or is deleted goes', async () => {
    pages.setFilter({ ...everyRun, state: 'failed' });
    await vi.advanceTimersByTimeAsync(1);
    expect(pages.rows).toHaveLength(100);
    say({ type: 'run', run: record(2000, { state: 'running' }) });
    expect(pages.rows).toHaveLength(100);
    say({ type: 'run', run: record(2000, { state: 'failed' }) });
    expect(pages.rows[0]?.id).toBe('run-02000');
    say({ type: 'run_deleted', id: 'run-00010' });
    say({ type: 'run', run: record(1000, { state: 'done', last_seq: 9 }) });
    expect(pages.rows).toHaveLength(99);
  });

  it('keeps the place of rows that come again after the connection broke', async () => {
    await pages.loadMore();
    await pages.loadMore();
    const length = pages.rows.length;
    connect({ isConnected: false, since: 1 });
    say(newest());
    expect([length, pages.rows.length, pages.missing]).toEqual([400, 100, 300]);
    while (pages.rows.length < 400) await pages.loadMore();
    expect(pages.missing).toBe(1);
  });

  it('says why a page did not come, and asks again only when told to', async () => {
    isDown = true;
    await pages.loadMore();
    expect(pages.error?.code).toBe('agent_unreachable');
    await pages.loadMore();
    expect(asked).toHaveLength(1);
    isDown = false;
    pages.retry();
    await vi.advanceTimersByTimeAsync(1);
    expect(pages.error).toBeNull();
    expect(pages.rows.length).toBeGreaterThan(100);
  });
});
