import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LogLine, RunEvent } from '@bottega/schema';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyEvent } from '../runs/fold.js';
import { newRun } from '../runs/fold.fixture.js';
import { Ledger } from './ledger.js';
import { MOST_CHARACTERS } from './line-cutter.js';

const PAGE_BYTES = 4 * 1024 * 1024;
let folder: string;
let ledger: Ledger;
let runs = 0;
const open = () => new Ledger(join(folder, 'ledger.db'), applyEvent);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lines-'));
  ledger = open();
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

type Said = { rank: number; stream: 'stdout' | 'stderr'; text: string } | 'gap' | 'metric';

const eventsOf = (said: Said[]): RunEvent[] =>
  said.map((each, index) => {
    const [seq, time] = [index + 1, 100 + index];
    if (each === 'gap') return { seq, time, type: 'gap', first: seq, last: seq, reason: 'gone' };
    if (each === 'metric') return { seq, time, type: 'metric', step: seq, values: {} };
    return { seq, time, type: 'output', ...each };
  });

/** What the words of `LogLine` say, character by character. */
const naiveLines = (events: RunEvent[]): LogLine[] => {
  const lines: LogLine[] = [];
  let open: LogLine | null = null;
  let isReturned = false;
  const close = (): void => {
    open = null;
    isReturned = false;
  };
  for (const event of events) {
    if (event.type === 'gap') close();
    if (event.type !== 'output') continue;
    const { time, rank, stream, text } = event;
    if (open && text && (open as LogLine).rank + (open as LogLine).stream !== rank + stream) close();
    for (const character of text.split('')) {
      if (character === '\r') {
        isReturned = open !== null;
        continue;
      }
      if (character !== '\n' && open && isReturned) (open as LogLine).text = '';
      if (character !== '\n') isReturned = false;
      if (character !== '\n' && (open as LogLine | null)?.text.length === MOST_CHARACTERS) close();
      if (!open) lines.push((open = { number: lines.length + 1, time, rank, stream, text: '' }));
      (open as LogLine).time = time;
      if (character === '\n') close();
      else (open as LogLine).text += character;
    }
  }
  return lines;
};

const write = (events: RunEvent[], sizes: number[] = [100_000]): string => {
  const id = `run-${String((runs += 1)).padStart(8, '0')}`;
  ledger.addRun(newRun(id), '');
  for (let at = 0, turn = 0; at < events.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    ledger.appendEvents([id, events.slice(at, (at += size))]);
  }
  return id;
};
const linesOf = (id: string, from = 1, limit = 100_000) => ledger.lines(id, from, limit, PAGE_BYTES);

/** As it was before there were numbers of lines. */
const forgetLines = (id: string): void => {
  const raw = new DatabaseSync(join(folder, 'ledger.db'));
  raw.prepare('DELETE FROM output_lines WHERE run = ?').run(id);
  raw.prepare('DELETE FROM line_places WHERE run = ?').run(id);
  raw.close();
};

const said = fc.oneof(
  { weight: 12, arbitrary: output() },
  { weight: 1, arbitrary: fc.constant('gap' as const) },
  { weight: 1, arbitrary: fc.constant('metric' as const) }
);
function output(): fc.Arbitrary<Said> {
  const part = fc.oneof(
    fc.constantFrom('\n', '\r', '\r\n', 'a', 'wörld', '🙂', '10%|#', '\n\n', '\r\r'),
    fc.nat({ max: MOST_CHARACTERS * 2 }).map(length => 'x'.repeat(length))
  );
  return fc.record({
    rank: fc.constantFrom(0, 0, 0, 1),
    stream: fc.constantFrom('stdout' as const, 'stdout' as const, 'stderr' as const),
    text: fc.array(part, { maxLength: 6 }).map(parts => parts.join(''))
  });
}

test('every line has its number and text at any place, however the output came and was written', () => {
  fc.assert(
    fc.property(
      fc.array(said, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (all, sizes, isReopened) => {
        const events = eventsOf(all);
        const expected = naiveLines(events);
        const id = write(events, sizes);
        if (isReopened) {
          ledger.close();
          ledger = open();
        }
        expect(linesOf(id)).toEqual({ lines: expected, total: expected.length });
        for (const { number } of expected) {
          expect(linesOf(id, number, 2).lines).toEqual(expected.slice(number - 1, number + 1));
        }
        expect(linesOf(id, expected.length + 1)).toEqual({ lines: [], total: expected.length });
      }
    ),
    { numRuns: 150 }
  );
});

test('a progress bar that was written for hours is one line, and read at once', () => {
  const bar = Array.from({ length: 30_000 }, (_, step): Said => {
    return { rank: 0, stream: 'stderr', text: `\r${step}/30000 ${'#'.repeat(50)}` };
  });
  const id = write(eventsOf([{ rank: 0, stream: 'stdout', text: 'before\n' }, ...bar]));
  const started = performance.now();
  expect(linesOf(id, 2).lines).toMatchObject([{ number: 2, text: `29999/30000 ${'#'.repeat(50)}` }]);
  expect(linesOf(id, 1).lines.map(line => line.text)).toHaveLength(2);
  expect(performance.now() - started).toBeLessThan(100);
});

test('the lines of a run that an older Bottega has written are numbered when they are asked for', () => {
  const events = eventsOf(
    Array.from({ length: 5_000 }, (_, index): Said => ({ rank: 0, stream: 'stdout', text: `line ${index}\nand` }))
  );
  const id = write(events);
  forgetLines(id);
  expect(linesOf(id).lines).toEqual([]);
  let slices = 1;
  while (ledger.numberLines(id)) slices += 1;
  expect(slices).toBeGreaterThan(2);
  expect(linesOf(id)).toEqual({ lines: naiveLines(events), total: 5_001 });
  forgetLines(id);
  const next: RunEvent = { seq: 5_001, time: 0, type: 'output', rank: 0, stream: 'stdout', text: ' the end\n' };
  ledger.appendEvents([id, [next]]);
  expect(linesOf(id)).toEqual({ lines: naiveLines([...events, next]), total: 5_001 });
});

test('a page is bounded in bytes and has at least one line', () => {
  const id = write(eventsOf([{ rank: 0, stream: 'stdout', text: `${'x'.repeat(10_000)}\n`.repeat(10) }]));
  expect(ledger.lines(id, 3, 100, 25_000).lines.map(line => line.number)).toEqual([3, 4]);
  expect(ledger.lines(id, 3, 100, 1).lines.map(line => line.number)).toEqual([3]);
});

test('a deleted run leaves no lines', () => {
  const id = write(eventsOf([{ rank: 0, stream: 'stdout', text: 'a\nb\n' }]));
  ledger.deleteRun('local', id);
  while (ledger.sweep());
  expect(linesOf(id)).toEqual({ lines: [], total: 0 });
});
