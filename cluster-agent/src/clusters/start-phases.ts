import type { StartPhase } from '@bottega/schema';

/** The timed parts of a start: one lasts at a time. */
export class StartPhases {
  constructor(
    private list: StartPhase[],
    private readonly onChange: (phases: StartPhase[]) => void
  ) {}

  clear(): void {
    this.list = [];
    this.onChange(this.list);
  }

  /** The phase before is over. A phase that begins again takes back those behind it. */
  enter(name: string): void {
    const known = this.list.findIndex(phase => phase.name === name);
    const before = known >= 0 ? this.list.slice(0, known) : this.list;
    this.list = [...before.map(over), { name, started: Date.now() }];
    this.onChange(this.list);
  }

  end(): void {
    if (this.list.every(phase => phase.duration_ms !== undefined)) return;
    this.list = this.list.map(over);
    this.onChange(this.list);
  }
}

const over = (phase: StartPhase): StartPhase =>
  phase.duration_ms === undefined ? { ...phase, duration_ms: Date.now() - phase.started } : phase;
