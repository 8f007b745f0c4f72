import type { EventOf } from '@bottega/schema';

export interface Sample {
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
}

const MAX_CHARACTERS = 4_000_000;

/** Texts the model wrote, oldest first. When they are too many, those in the middle go: the first and the newest say most. */
export class Samples {
  readonly #samples: Sample[] = [];
  #characters = 0;
  /** How many were let go. */
  dropped = 0;

  get all(): readonly Sample[] {
    return this.#samples;
  }

  add(event: EventOf<'artifact'>): void {
    const sample = { step: event.step ?? 0, prompt: event.name, text: event.text ?? '' };
    this.#samples.push(sample);
    this.#characters += sample.text.length + sample.prompt.length;
    while (this.#characters > MAX_CHARACTERS && this.#samples.length > 2) {
      const first = this.#samples[0]?.step;
      const at = Math.max(
        1,
        this.#samples.findIndex(each => each.step !== first)
      );
      const [gone] = this.#samples.splice(at, 1);
      if (!gone) return;
      this.#characters -= gone.text.length + gone.prompt.length;
      this.dropped += 1;
    }
  }
}
