import { BottegaError, type Disposable } from '@bottega/client';
import type { Run, RunConfig } from '@bottega/schema';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IBottega } from '../agent/index.js';
import { configAfter, LiveRuns, type LiveRun } from '../runs/live/index.js';
import type { ConfigCheck } from './config-check.js';
import { liveDifference, valuesOf, type FieldChange, type LiveDifference } from './live-difference.js';

export type Applying =
  | { kind: 'none' }
  /** The agent has it; the run takes it before its next step. */
  | { kind: 'sent'; since: number; changes: readonly FieldChange[]; afterSeq: number }
  | { kind: 'applied'; step: number; changes: readonly FieldChange[] }
  | { kind: 'failed'; error: BottegaError };

const none: LiveDifference = { live: [], other: [] };

/** What the text of a config would change in the run of it that goes on now, and changing it. */
export class LiveEdit implements IDisposable {
  #live: LiveRun | null = null;
  #hold: Disposable | null = null;
  /** What the run was started with; null until it is known, or when a file that it extends cannot be read here. */
  #begun: RunConfig | null = null;
  #seen = '';
  #difference = none;
  #applying: Applying = { kind: 'none' };
  #isDisposed = false;
  readonly #changed = new Signal<this, void>(this);

  constructor(
    readonly bottega: IBottega,
    readonly check: ConfigCheck
  ) {
    if (check.kind !== 'run') return;
    check.changed.connect(this.#look, this);
    check.context.pathChanged.connect(this.#look, this);
    bottega.ledger.changed.connect(this.#onLedger, this);
    this.#look();
  }

  /** The newest run of this file that goes on. */
  get run(): Run | null {
    const run = this.#live?.run ?? null;
    return run?.state === 'running' ? run : null;
  }

  get difference(): LiveDifference {
    return this.run ? this.#difference : none;
  }

  get applying(): Applying {
    return this.#applying;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Sends what can be changed under way; the `change` event of the run says when it holds. */
  async apply(): Promise<void> {
    const { run } = this;
    const changes = this.difference.live;
    if (!run || !changes.length || this.#applying.kind === 'sent') return;
    const afterSeq = this.#live?.changes.at(-1)?.seq ?? 0;
    this.#setApplying({ kind: 'sent', since: Date.now(), changes, afterSeq });
    try {
      await this.bottega.client.change(run.id, valuesOf(changes));
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      this.#setApplying({ kind: 'failed', error });
    }
  }

  dismiss(): void {
    this.#setApplying({ kind: 'none' });
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.check.changed.disconnect(this.#look, this);
    this.check.context.pathChanged.disconnect(this.#look, this);
    this.bottega.ledger.changed.disconnect(this.#onLedger, this);
    this.#follow(null);
    Signal.clearData(this);
  }

  #onLedger(_: unknown, { cluster }: { cluster?: string }): void {
    // Every record of every run is heard of here; what the run itself says, it says to `#onRun`.
    if (cluster === undefined && this.#find()) this.#compare();
  }

  /** Finds the run, and compares. */
  #look(): void {
    this.#find();
    this.#compare();
  }

  /** Whether it is another run than before. */
  #find(): boolean {
    const project = this.bottega.projectOf(this.check.context.path);
    // Those that wait for seats have nothing yet that could be changed under way.
    const run = this.bottega.ledger.runs.find(
      each => each.folder === project?.folder && each.config_path === project.configPath && each.state === 'running'
    );
    if (run?.id === this.#live?.id) return false;
    this.#follow(run ?? null);
    return true;
  }

  #follow(run: Run | null): void {
    const runs = LiveRuns.of(this.bottega);
    if (this.#live) {
      this.#live.changed.disconnect(this.#onRun, this);
      this.#hold?.dispose();
      runs.release(this.#live);
      this.#endWaiting();
    }
    this.#begun = null;
    this.#seen = '';
    this.#live = run && runs.acquire(run.id);
    this.#hold = this.#live?.hold() ?? null;
    this.#live?.changed.connect(this.#onRun, this);
    if (!run) return;
    this.#applying = { kind: 'none' };
    const { config, id } = run;
    void this.check.resolve(config).then(begun => {
      if (this.#live?.id !== id) return;
      this.#begun = begun;
      this.#compare();
    });
  }

  /** The run is over before it could say that it took the change. */
  #endWaiting(): void {
    if (this.#applying.kind !== 'sent') return;
    const message = this.bottega.trans.__('The run ended before it took the change.');
    this.#applying = { kind: 'failed', error: new BottegaError({ code: 'conflict', message }) };
  }

  #onRun(): void {
    const live = this.#live!;
    const applying = this.#applying;
    const seen = `${live.run?.state} ${live.changes.length}`;
    // Every step is heard of here, and few of them matter.
    if (seen === this.#seen) return;
    this.#seen = seen;
    if (applying.kind === 'sent') {
      const keys = applying.changes.map(({ key }) => key);
      const taken = live.changeOf(keys, applying.afterSeq);
      if (taken) this.#applying = { kind: 'applied', step: taken.step, changes: applying.changes };
    }
    this.#compare();
  }

  #compare(): void {
    const { config } = this.check.result;
    const before = this.#difference;
    const running = this.#begun && this.#live && configAfter(this.#begun.kind, this.#begun, this.#live.changes);
    this.#difference = running && config ? liveDifference(running, config) : none;
    // What was done is said until the person goes on.
    const goesOn = this.#difference.live.length > before.live.length;
    if (goesOn && (this.#applying.kind === 'applied' || this.#applying.kind === 'failed')) {
      this.#applying = { kind: 'none' };
    }
    this.#changed.emit();
  }

  #setApplying(applying: Applying): void {
    if (this.#isDisposed) return;
    this.#applying = applying;
    this.#changed.emit();
  }
}
