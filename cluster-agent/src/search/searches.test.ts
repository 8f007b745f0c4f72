import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent, SearchQuery } from '@bottega/schema';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger } from '../ledger/index.js';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { Searches } from './searches.js';

const ID = 'run-000001';
/** Threads run what is built. */
const worker = new URL('../../lib/search/search-worker.js', import.meta.url);
let folder: string;
let ledger: Ledger;
let searches: Searches;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'search-'));
  const path = join(folder, 'ledger.db');
  ledger = new Ledger(path, applyEvent);
  ledger.addRun(newRun(ID), '');
  searches = new Searches({ path, worker, deadlineMs: 2_000 });
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

const write = (...texts: string[]): void => {
  const first = ledger.run(ID).last_seq + 1;
  const events = texts.map((text, index): RunEvent => {
    return { seq: first + index, time: 0, type: 'output', rank: 0, stream: 'stdout', text };
  });
  ledger.appendEvents([ID, events]);
};
const search = (query: Partial<SearchQuery>, signal = new AbortController().signal) =>
  searches.search(ID, { text: 'x', regex: false, case: false, from: 1, limit: 1_000, ...query }, signal);
const found = async (query: Partial<SearchQuery>) => (await search(query)).lines.map(line => line.number);

test('text is found as it stands, in any case and any script, through colours and across events', async () => {
  write(
    'Loss: 3.1\n',
    'LO',
    'SS: (x)\n',
    '\x1b[31mlo\x1b[0mss\n',
    'ÜBER größe 漢字 🙂\n',
    'nothing\n',
    'the loss, still open'
  );
  expect(await found({ text: 'loss' })).toEqual([1, 2, 3, 6]);
  expect(await found({ text: 'Loss', case: true })).toEqual([1]);
  expect(await found({ text: '(x)' })).toEqual([2]);
  expect(await found({ text: 'über GRÖSSE' })).toEqual([]);
  expect(await found({ text: 'über GRÖßE' })).toEqual([4]);
  expect(await found({ text: '漢字 🙂' })).toEqual([4]);
});

test('expressions are matched line by line; what is none is refused with its reason', async () => {
  write('step 1\nstep 22\nstop\n');
  expect(await found({ text: '^step \\d+$', regex: true })).toEqual([1, 2]);
  expect(await found({ text: 'st.p\\-?', regex: true })).toEqual([1, 2, 3]);
  await expect(search({ text: '(', regex: true })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('Unterminated group')
  });
});

test('of one rank or one stream only its lines are looked at, with a text or without, page by page', async () => {
  const said = Array.from({ length: 400 }, (_, index): RunEvent => {
    const [rank, stream] = [index % 4, index % 3 ? ('stdout' as const) : ('stderr' as const)];
    // Every tenth leaves its line open, for whoever writes next.
    return { seq: index + 1, time: 0, type: 'output', rank, stream, text: index % 10 ? 'one\ntwo\n' : 'one\ntwo' };
  });
  ledger.appendEvents([ID, said]);
  const { lines } = ledger.lines(ID, 1, 5_000, 1_000_000);
  expect(lines).toHaveLength(800);
  const allOf = async (query: Partial<SearchQuery>): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for (let from: number | null = 1; from !== null;) {
      const page = await search({ text: '', limit: 70, ...query, from });
      seen.push(...page.lines);
      from = page.next;
    }
    return seen;
  };
  expect(await allOf({ rank: 2 })).toEqual(lines.filter(({ rank }) => rank === 2));
  expect(await allOf({ stream: 'stderr', text: 'TWO' })).toEqual(
    lines.filter(({ stream, text }) => stream === 'stderr' && text === 'two')
  );
  expect(await allOf({ rank: 3, stream: 'stdout' })).toEqual(
    lines.filter(({ rank, stream }) => rank === 3 && stream === 'stdout')
  );
  expect(await allOf({ rank: 9 })).toEqual([]);
});

test('pages go on where the one before ended until every line has been looked at', async () => {
  write('hit\nmiss\n'.repeat(1_000));
  const seen: number[] = [];
  for (let from: number | null = 1; from !== null;) {
    const page = await search({ text: 'hit', from, limit: 300 });
    expect(page.total).toBe(2_000);
    seen.push(...page.lines.map(line => line.number));
    from = page.next;
  }
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index * 2 + 1));
});

test('an expression that never ends is given up, and nobody waits for it', async () => {
  write(`${'a'.repeat(50)}!\n`);
  const endless = search({ text: '(a+)+$', regex: true });
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 10);
  expect(await found({ text: 'a!' })).toEqual([1]);
  await expect(endless).rejects.toMatchObject({ code: 'timeout', hint: expect.any(String) });
  clearInterval(turning);
  expect(turns).toBeGreaterThan(20);
});

test('whoever goes away ends the search, also one that waits for its turn', async () => {
  write(`${'a'.repeat(50)}!\n`);
  const gone = new AbortController();
  const asked = Array.from({ length: 4 }, () => search({ text: '(a+)+$', regex: true }, gone.signal));
  gone.abort();
  for (const each of asked) await expect(each).rejects.toMatchObject({ name: 'AbortError' });
  expect(await found({ text: 'a!' })).toEqual([1]);
});
