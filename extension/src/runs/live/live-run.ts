import type { Client, Disposable } from '@bottega/client';
import type { ErrorBody, EventOf, Run, RunEvent } from '@bottega/schema';
import { BottegaError, hasEnded } from '@bottega/client';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { RunLog } from './run-log.js';
import { Samples } from './samples.js';
import { Series } from './series.js';

/** What a run needs of the agent. */
export type RunSource = Pick<Client, 'run' | 'lines' | 'search' | 'stream'>;

/** Everything in a record that is a fold over the event log. */
type Folded = Pick<
  Run,
  'state' | 'reason' | 'start' | 'queue' | 'started' | 'ended' | 'step' | 'max_steps' | 'loss' | 'step_seconds'
>;

const MOST_WARNINGS = 1000;

const nothing: Folded = {
  state: 'pending',
  reason: '',
  start: null,
  queue: null,
  started: null,
  ended: null,
  step: 0,
  max_steps: null,
  loss: null,
  step_seconds: null
};

/**
 * One run as the fold over its event log: from the first event on, live while somebody holds it. Who lets go and
 * comes back continues from the last number.
 */
export class LiveRun {
  readonly phases: EventOf<'phase'>[] = [];
  readonly metrics = new Map<string, Series>();
  readonly log: RunLog;
  readonly samples = new Samples();
  readonly checkpoints: EventOf<'checkpoint'>[] = [];
  readonly traces: EventOf<'trace'>[] = [];
  readonly artifacts: EventOf<'artifact'>[] = [];
  /** Modules of the project that were executed, by path, with the hash of their bytes. */
  readonly modules = new Map<string, string>();
  /** What Bottega warned of. */
  readonly warnings: EventOf<'notice'>[] = [];
  /** How much its processes found ready, and why; null until it is known. */
  startedAs: EventOf<'start'> | null = null;
  /** When it came to the state and reason it has, by the clock of the cluster. */
  stateSince: number | null = null;
  /** Live fields that were changed, oldest first. */
  readonly changes: EventOf<'change'>[] = [];
  /** Number of the last event that is folded in. */
  lastSeq = 0;
  /** Number of the newest event that the agent is known to have. */
  newestSeq = 0;
  /** When the last event was received, in this browser's milliseconds since the epoch. */
  heardAt = 0;
  /** Why it cannot be followed; null while it can. */
  error: ErrorBody | null = null;
  #record: Run | null = null;
  #folded: Folded | null = null;
  #holders = 0;
  #subscription: Disposable | null = null;
  /** The agent did not know the run when its log was asked for. */
  #isAbsent = false;
  #isAgain = false;
  readonly #trans: TranslationBundle;
  readonly #changed = new Signal<this, void>(this);

  constructor(
    readonly id: string,
    readonly source: RunSource,
    trans: TranslationBundle,
    /** Whether the run is on its way to the agent, which does not know it yet. */
    private readonly isOnItsWay = (): boolean => false
  ) {
    this.#trans = trans;
    this.log = new RunLog((from, limit) => source.lines(id, from, limit), trans);
  }

  /** The number of ranks that have written something. */
  get ranks(): number {
    return this.log.ranks;
  }

  /** The event that says that a change of these fields was taken, asked for after event `seq`; null before it is there. */
  changeOf(keys: readonly string[], seq: number): EventOf<'change'> | null {
    return this.changes.find(change => change.seq > seq && keys.every(key => key in change.values)) ?? null;
  }

  /** Emits after every batch of events. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** The record, as far as the log is known here; null until the agent has answered. */
  get run(): Run | null {
    const record = this.#record;
    if (!record || !this.#folded || record.last_seq > this.lastSeq) return record;
    return { ...record, ...this.#folded, last_seq: this.lastSeq };
  }

  get hasEnded(): boolean {
    return this.run !== null && hasEnded(this.run.state);
  }

  /** Whether the agent no longer has it, while it is still shown here. */
  get isDeleted(): boolean {
    return this.#record !== null && this.error?.code === 'not_found';
  }

  /** Whether events are missing here that the agent is known to have. */
  get isBehind(): boolean {
    return this.lastSeq < Math.max(this.newestSeq, this.#record?.last_seq ?? 0);
  }

  /** Takes in a record of the ledger: what waits has no events yet, and only its record says why it waits. */
  put(record: Run): void {
    if (this.#record && record.last_seq < this.#record.last_seq) return;
    this.#record = record;
    this.error = null;
    if (this.#isAbsent) this.#followLog();
    this.#changed.emit();
  }

  /** The run was deleted; what was read of it stays. */
  remove(): void {
    this.#release();
    const message = this.#trans.__('This run was deleted. What is shown here was read before.');
    this.#fail({ code: 'not_found', message });
  }

  /** Follows the run until what is returned is disposed of. */
  hold(): Disposable {
    this.#holders += 1;
    if (this.#holders === 1) this.#follow();
    let isHeld = true;
    return {
      dispose: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#holders -= 1;
        if (this.#holders === 0) this.#release();
      }
    };
  }

  /** Asks for the record again and follows on. */
  retry(): void {
    this.#release();
    this.error = null;
    if (this.#holders) this.#follow();
    this.#changed.emit();
  }

  /** `line` is where the first output of these events begins or goes on, when output was left out before it. */
  receive(events: readonly RunEvent[], newestSeq: number, line?: number): void {
    let place = line;
    for (const event of events) {
      if (event.seq <= this.lastSeq) continue;
      this.#apply(event, place);
      if (event.type === 'output') place = undefined;
    }
    this.newestSeq = Math.max(this.newestSeq, newestSeq);
    this.heardAt = Date.now();
    this.#changed.emit();
  }

  #follow(): void {
    if (this.isDeleted) return;
    if (!this.isOnItsWay()) void this.#readRecord();
    this.#followLog();
  }

  #followLog(): void {
    this.#isAbsent = false;
    this.#release();
    if (!this.#holders) return;
    this.#subscription = this.source.stream().follow(
      this.id,
      this.lastSeq + 1,
      (events, newestSeq, line) => this.receive(events, newestSeq, line),
      error => this.#refuse(error),
      // What was written long ago is read by number, when somebody looks at it.
      { output: 'tail' }
    );
  }

  /** The panel of a run opens before the agent has the run, so that not being there yet is no end. */
  #refuse(error: ErrorBody): void {
    const isKnown = this.#record !== null && !this.#isAgain;
    this.#isAbsent = error.code === 'not_found' && !isKnown;
    if (error.code === 'not_found' && this.#isAgain) return this.remove();
    if (error.code !== 'not_found' || !isKnown) return this.#fail(error);
    // The record was faster than this answer. Once: a run that was deleted stays away.
    this.#isAgain = true;
    this.#followLog();
  }

  #release(): void {
    this.#subscription?.dispose();
    this.#subscription = null;
  }

  async #readRecord(): Promise<void> {
    try {
      this.put(await this.source.run(this.id));
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      // What is known stays; the stream comes back by itself.
      if (!this.#record) this.#fail(error.body);
      else if (error.code === 'not_found') this.remove();
    }
  }

  #fail(error: ErrorBody): void {
    this.error = error;
    this.#changed.emit();
  }

  #apply(event: RunEvent, line?: number): void {
    this.lastSeq = event.type === 'gap' ? Math.max(event.seq, event.last) : event.seq;
    this.log.append(event, line);
    switch (event.type) {
      case 'phase':
        this.phases.push(event);
        break;
      case 'status':
        this.#folded = afterStatus(this.#folded ?? nothing, event);
        this.stateSince = event.time;
        break;
      case 'start':
        this.startedAs = event;
        this.#folded = { ...(this.#folded ?? this.#record ?? nothing), start: event.level };
        break;
      case 'metric':
        this.#folded = afterMetric(this.#folded ?? this.#record ?? nothing, event);
        this.#measure(event);
        break;
      case 'notice':
        if (event.level !== 'info' && this.warnings.length < MOST_WARNINGS) this.warnings.push(event);
        break;
      case 'modules':
        for (const { path, sha256 } of event.modules) this.modules.set(path, sha256);
        break;
      case 'checkpoint':
        this.checkpoints.push(event);
        break;
      case 'trace':
        this.traces.push(event);
        break;
      case 'change':
        this.changes.push(event);
        break;
      case 'artifact':
        if (event.kind === 'sample') this.samples.add(event);
        else this.artifacts.push(event);
        break;
    }
  }

  #measure({ step, values }: EventOf<'metric'>): void {
    for (const [name, value] of Object.entries(values)) {
      let series = this.metrics.get(name);
      if (!series) this.metrics.set(name, (series = new Series()));
      series.add(step, value);
    }
  }
}

const afterStatus = (folded: Folded, event: EventOf<'status'>): Folded => ({
  ...folded,
  state: event.state,
  reason: event.reason,
  queue: event.queue ?? null,
  max_steps: event.max_steps ?? folded.max_steps,
  started: folded.started ?? (event.state === 'running' ? event.time : null),
  ended: hasEnded(event.state) ? event.time : null
});

const afterMetric = (folded: Folded, { step, values }: EventOf<'metric'>): Folded => ({
  ...folded,
  step: Math.max(folded.step, step),
  loss: 'loss' in values ? (values['loss'] ?? null) : folded.loss,
  step_seconds: 'step_seconds' in values ? (values['step_seconds'] ?? null) : folded.step_seconds
});
