import type { LogLine as OutputLine, RunEvent } from '@bottega/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLog } from './events.fixture.js';
import { OutputLines } from './log-lines.js';
import { RunLog } from './run-log.js';
import { trans } from '../../state/translation.fixture.js';

/** The lines of a log as the agent has them, from its whole output. */
const linesOf = (events: readonly RunEvent[]): OutputLine[] => {
  const lines: OutputLine[] = [];
  const output = new OutputLines((number, line) => {
    if (!line || line.rank === null) throw new Error('A whole output has no line that is not known.');
    const { time, rank, text } = line;
    lines[number - 1] = { number, time, rank, stream: line.kind as OutputLine['stream'], text };
  });
  for (const event of events) if (event.type === 'output') output.take(event);
  return lines;
};

/** A log over events of which old output is left out, with an agent behind it. */
const tailOf = (events: EventLog, isLeftOut: (event: RunEvent) => boolean, maxCharacters?: number) => {
  const asked: number[] = [];
  const log = new RunLog(
    async (from, limit) => {
      asked.push(from);
      const lines = linesOf(events.events);
      return { lines: lines.slice(from - 1, from - 1 + limit), total: lines.length };
    },
    trans,
    maxCharacters
  );
  let wasLeftOut = false;
  events.events.forEach((event, at) => {
    if (event.type === 'output' && isLeftOut(event)) {
      wasLeftOut = true;
      return;
    }
    log.append(event, event.type === 'output' && wasLeftOut ? beginOf(events.events, at) : undefined);
    if (event.type === 'output') wasLeftOut = false;
  });
  return { log, asked };
};

/** The line that an output event begins or goes on with. */
const beginOf = (events: readonly RunEvent[], at: number): number => {
  const before = linesOf(events.slice(0, at));
  const event = events[at] as Extract<RunEvent, { type: 'output' }>;
  const last = before.at(-1);
  const probe = linesOf([...events.slice(0, at), { ...event, text: 'x' }]).length;
  return last && probe === before.length ? last.number : before.length + 1;
};

const logOf = (events: EventLog): RunLog => tailOf(events, () => false).log;

const textsOf = (log: RunLog): (string | undefined)[] => {
  const { rows } = log;
  return Array.from({ length: rows.count }, (_, row) => log.lineAt(rows.at(row))?.text);
};

/** As `textsOf`, after reading what is missing, as a person does who scrolls through it. */
const readAll = async (log: RunLog): Promise<(string | undefined)[]> => {
  const texts: (string | undefined)[] = [];
  for (let number = 1; number <= log.lineCount; number += 1) {
    if (!log.lineAt({ number })) await log.load(number);
    texts.push(log.lineAt({ number })?.text);
  }
  return texts;
};

test('text that another rank interrupts goes on as a new line', () => {
  const events = new EventLog().output('hel').output('other\n', 1).output('lo\nrest');
  expect(textsOf(logOf(events))).toEqual(['hel', 'other', 'lo', 'rest']);
});

test('a progress bar is rewritten in place and becomes one line', () => {
  const log = logOf(new EventLog().output('\r 10%').output('\r 50%').output('\r100%').output('\nstep 1\n'));
  expect(textsOf(log)).toEqual(['100%', 'step 1']);
});

test('a Windows newline that is cut in two does not erase its line', () => {
  expect(textsOf(logOf(new EventLog().output('kept\r').output('\nnext\r\n')))).toEqual(['kept', 'next']);
});

test('a line without an end is cut, so that no single line is unbounded', () => {
  const log = logOf(new EventLog().output('x'.repeat(40_000)));
  expect(textsOf(log).map(text => text?.length)).toEqual([16_384, 16_384, 7232]);
});

test('notices, gaps, states, levels and changes stand between the lines around them', () => {
  const events = new EventLog()
    .add('status', { state: 'running', reason: '' })
    .output('one\n')
    .add('start', { level: 'resident', reason: 'The base model was there.' })
    .add('notice', { level: 'warning', message: 'SDPA is\nused.' })
    .output('two\n')
    .add('change', { step: 9, values: { learning_rate: 1e-4 }, before: { learning_rate: 2e-4 } });
  expect(textsOf(logOf(events))).toEqual([
    'running',
    'one',
    'resident start · The base model was there.',
    'SDPA is used.',
    'two',
    'From step 9: learning_rate 2e-4 → 1e-4'
  ]);
});

test('an opened run shows its end without asking; older lines come by their number', async () => {
  const events = new EventLog();
  for (let at = 1; at <= 3000; at += 1) events.output(`line ${at}\n`);
  const { log, asked } = tailOf(events, event => event.seq < 2900);
  expect(log.lineCount).toBe(3000);
  expect(log.lineAt({ number: 2950 })?.text).toBe('line 2950');
  expect(asked).toEqual([]);
  await log.load(17);
  expect(log.lineAt({ number: 17 })?.text).toBe('line 17');
});

test('whatever is left out of a tail, every line reads as the agent has it', async () => {
  const piece = fc.array(fc.constantFrom('step', ' ', '\n', '\r', '\r\n', '50%', '\n\n\n'), { maxLength: 6 });
  // A lone carriage return after a leap may belong to a line or come before one; no rank writes that.
  const written = piece.filter(pieces => pieces.some(each => each !== '\r'));
  const output = fc.tuple(written, fc.integer({ min: 0, max: 1 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(output, { maxLength: 40 }), async outputs => {
      const events = new EventLog();
      for (const [pieces, rank] of outputs) events.output(pieces.join(''), rank);
      const { log } = tailOf(events, event => event.seq < outputs.length && (outputs[event.seq - 1]?.[2] ?? false));
      await log.load(1);
      expect(await readAll(log)).toEqual(linesOf(events.events).map(line => line.text));
    }),
    { numRuns: 200 }
  );
});

test('memory stays bounded, and what was let go comes back', async () => {
  const events = new EventLog();
  for (let at = 0; at < 20; at += 1) events.output('line\n'.repeat(500));
  const { log } = tailOf(events, () => false, 200_000);
  expect(textsOf(log).filter(text => text !== undefined).length).toBeLessThan(3000);
  await log.load(1);
  expect(log.lineAt({ number: 1 })?.text).toBe('line');
  expect(log.lineAt({ number: 10_000 })?.text).toBe('line');
});

test('a sentence from long ago is put between the lines of its time when these are seen', async () => {
  const events = new EventLog();
  for (let at = 1; at <= 1000; at += 1) events.output(`line ${at}\n`);
  events.add('notice', { level: 'info', message: 'Saved.' });
  for (let at = 1001; at <= 3000; at += 1) events.output(`line ${at}\n`);
  const { log } = tailOf(events, event => event.seq < 2500);
  await log.load(1001);
  await log.load(1000);
  const { rows } = log;
  expect(log.lineAt(rows.at(1000))?.text).toBe('Saved.');
  expect(rows.rowOf(1000)).toBe(999);
  expect(rows.rowOf(1001)).toBe(1001);
});
