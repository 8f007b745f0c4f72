import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLog } from './events.fixture.js';
import { LogFilter } from './log-filter.js';
import { RunLog } from './run-log.js';

const logOf = (events: EventLog, residentPages?: number): RunLog => {
  const log = new RunLog(async from => ({ events: events.from(from, 500) }), residentPages);
  for (const event of events.events) log.append(event);
  return log;
};
const textsOf = (log: RunLog): (string | undefined)[] =>
  Array.from({ length: log.count }, (_, index) => log.line(index)?.text);

test('a line that comes in pieces is one line, even with another rank in between', () => {
  const events = new EventLog().output('hel').output('other\n', 1).output('lo\nrest');
  expect(textsOf(logOf(events))).toEqual(['other', 'hello', 'rest']);
});

test('a progress bar is rewritten in place and becomes one line', () => {
  const events = new EventLog().output('\r 10%').output('\r 50%').output('step 1\n', 1).output('\r100%');
  const log = logOf(events);
  expect(textsOf(log)).toEqual(['step 1', '100%']);
  log.append(events.output('\n').events.at(-1)!);
  expect(textsOf(log)).toEqual(['step 1', '100%']);
  expect(log.completeCount).toBe(2);
});

test('a Windows newline that is cut in two does not erase its line', () => {
  expect(textsOf(logOf(new EventLog().output('kept\r').output('\nnext\r\n')))).toEqual(['kept', 'next']);
});

test('a line without an end is cut, so that no single line is unbounded', () => {
  const log = logOf(new EventLog().output('x'.repeat(20_000)));
  expect(textsOf(log).map(text => text?.length)).toEqual([8192, 8192, 3616]);
});

test('notices, gaps and states are lines of their own', () => {
  const events = new EventLog()
    .add('status', { state: 'running', reason: '' })
    .add('notice', { level: 'warning', message: 'SDPA is\nused.' })
    .add('gap', { first: 3, last: 9, reason: 'The disk was full.' });
  expect(textsOf(logOf(events))).toEqual(['running', 'SDPA is used.', 'Events 3 to 9 are gone. The disk was full.']);
});

test('pages that were let go come back the same, whatever was written', async () => {
  const piece = fc.array(fc.constantFrom('step', ' ', '\n', '\r', '\r\n', '50%', '\n\n\n'), { maxLength: 6 });
  const output = fc.tuple(piece, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 900 }));
  await fc.assert(
    fc.asyncProperty(fc.array(output, { maxLength: 40 }), async outputs => {
      const events = new EventLog();
      for (const [pieces, rank, times] of outputs) events.output(pieces.join('').repeat(times), rank);
      const whole = textsOf(logOf(events));
      const bounded = logOf(events, 2);
      expect(bounded.count).toBe(whole.length);
      for (let index = 0; index < whole.length; index += 97) {
        await bounded.load(index);
        expect(bounded.line(index)?.text).toBe(whole[index]);
      }
    }),
    { numRuns: 30 }
  );
});

test('only so many pages stay in memory', () => {
  const events = new EventLog();
  for (let at = 0; at < 10; at += 1) events.output('line\n'.repeat(1000));
  const log = logOf(events, 3);
  expect(textsOf(log).filter(text => text !== undefined)).toHaveLength(3000);
});

test('a filter finds lines in pages that were let go, and goes on with new ones', async () => {
  const events = new EventLog();
  for (let at = 0; at < 6000; at += 1) events.output(`step ${at}\n`, at % 2);
  const log = logOf(events, 2);
  const filter = new LogFilter(log, { text: 'STEP 40', rank: 0 });
  while (!filter.isComplete) if (!filter.advance()) await filter.load();
  const found = await Promise.all(
    filter.matches.map(async index => {
      await log.load(index);
      return log.line(index)?.text;
    })
  );
  expect(found).toHaveLength(56);
  expect(found).toContain('step 4098');
  log.append(events.output('\x1b[32mstep 40\x1b[0m again\n').events.at(-1)!);
  filter.advance();
  expect(filter.matches).toHaveLength(57);
});
