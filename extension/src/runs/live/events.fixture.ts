import type { EventOf, EventType, Run, RunEvent } from '@bottega/schema';

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

export const recordOf = (change: Partial<Run> = {}): Run => ({
  id: 'run-one',
  name: 'one',
  kind: 'finetune',
  cluster: 'local',
  folder: '/project',
  config_path: 'one.run.yaml',
  config: 'kind: finetune\n',
  tree: null,
  rerun_of: null,
  created: 0,
  state: 'pending',
  reason: '',
  started: null,
  ended: null,
  step: 0,
  max_steps: null,
  loss: null,
  step_seconds: null,
  last_seq: 0,
  ...change
});
