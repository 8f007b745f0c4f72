import { hasEnded, runStates, type RunEvent } from '@bottega/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyEvent } from './fold.js';
import { newRun } from './fold.fixture.js';

const status = fc.record({
  type: fc.constant('status' as const),
  state: fc.constantFrom(...runStates),
  reason: fc.string()
});
const metric = fc.record({
  type: fc.constant('metric' as const),
  step: fc.nat(1000),
  values: fc.dictionary(fc.constantFrom('loss', 'step_seconds', 'mine'), fc.option(fc.double({ noNaN: true })))
});
const output = fc.record({
  type: fc.constant('output' as const),
  rank: fc.nat(4),
  stream: fc.constant('stdout' as const),
  text: fc.string()
});
const log = fc
  .array(fc.oneof(status, metric, output), { maxLength: 40 })
  .map(list => list.map((event, index) => ({ ...event, seq: index + 1, time: index * 10 }) as RunEvent));

test('any replay of a log gives the same record', () => {
  fc.assert(
    fc.property(log, fc.array(fc.nat(40), { maxLength: 6 }), (events, restarts) => {
      const whole = events.reduce(applyEvent, newRun());
      const replayed = restarts.reduce((run, from) => events.slice(0, from).reduce(applyEvent, run), newRun());
      expect(events.reduce(applyEvent, replayed)).toEqual(whole);
      expect(whole.last_seq).toBe(events.length);
    })
  );
});

test('an ended run stays as it ended', () => {
  fc.assert(
    fc.property(log, events => {
      const firstEnd = events.findIndex(event => event.type === 'status' && hasEnded(event.state));
      fc.pre(firstEnd >= 0);
      const atEnd = events.slice(0, firstEnd + 1).reduce(applyEvent, newRun());
      const after = events.reduce(applyEvent, newRun());
      expect({ ...after, last_seq: 0 }).toEqual({ ...atEnd, last_seq: 0 });
      expect(after.ended).toBe(events[firstEnd]!.time);
    })
  );
});
