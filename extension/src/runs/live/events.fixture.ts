import type { EventOf, EventType, Run, RunEvent } from '@bottega/schema';
import { runRecord } from '../../agent/record.fixture.js';

type WithoutPlace<T extends EventType> = Omit<EventOf<T>, 'seq' | 'time' | 'type'>;

/** Builds an event log for tests: numbered from 1, a millisecond apart. */
export class EventLog {
  readonly events: RunEvent[] = [];

  add<T extends EventType>(type: T, properties: WithoutPlace<T>): this {
    const seq = this.events.length + 1;
    this.events.push({ seq, time: seq, type, ...properties } as unknown as RunEvent);
    return this;
  }

  output(text: string, rank = 0, stream: 'stdout' | 'stderr' = 'stdout'): this {
    return this.add('output', { rank, stream, text });
  }

  from(seq: number, limit = Infinity): RunEvent[] {
    return this.events.slice(seq - 1, seq - 1 + limit);
  }
}

/** A run that has just been taken: the begin of every fold. */
export const recordOf = (change: Partial<Run> = {}): Run =>
  runRecord({
    id: 'run-one',
    name: 'one',
    folder: '/project',
    config_path: 'one.run.yaml',
    created: 0,
    state: 'pending',
    ...change
  });
