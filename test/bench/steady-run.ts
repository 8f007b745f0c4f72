import { setTimeout as sleep } from 'node:timers/promises';
import type { FollowedRun } from '@bottega/client/node';
import type { Workplace } from '../cluster/workplace.ts';
import { until } from '../cluster/until.ts';

/** A training run that goes on beside what is measured, and how long its steps take. */
export class SteadyRun {
  readonly #steps: { time: number; seconds: number }[] = [];
  readonly #run: FollowedRun;
  readonly #following: Promise<void>;

  private constructor(run: FollowedRun) {
    this.#run = run;
    this.#following = this.#follow();
  }

  /** Starts it, and waits until its steps are even. */
  static async start(workplace: Workplace, cluster: string): Promise<SteadyRun> {
    const config = 'kind: finetune\nmodel: models/tiny\ndata: {train: data/train.jsonl}\nmax_steps: 1000000\n';
    await workplace.write('steady.run.yaml', `${config}logging_steps: 2\nper_device_train_batch_size: 8\n`);
    const steady = new SteadyRun(await workplace.run('steady.run.yaml', cluster));
    await until('the steady run to train', () => steady.#steps.length > 50 || undefined, 60_000);
    return steady;
  }

  /** Seconds a step takes, as the run itself reports them, while something else is done. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; stepSeconds: number[] }> {
    const start = Date.now();
    const result = await work();
    const end = Date.now();
    const steps = this.#steps.filter(each => each.time >= start && each.time <= end);
    return { result, stepSeconds: steps.map(each => each.seconds) };
  }

  /** Seconds that a step takes in the mean of so many seconds: with the few that are held up. */
  async pace(seconds: number): Promise<number> {
    const { stepSeconds } = await this.during(() => sleep(seconds * 1000));
    return stepSeconds.reduce((sum, each) => sum + each, 0) / stepSeconds.length;
  }

  async end(): Promise<void> {
    await this.#run.stop();
    await this.#following;
  }

  async #follow(): Promise<void> {
    for await (const event of this.#run.events(1)) {
      const seconds = event.type === 'metric' && event.values['step_seconds'];
      if (seconds) this.#steps.push({ time: event.time, seconds });
    }
  }
}
