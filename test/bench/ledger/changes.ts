import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@bottega/client/node';

const EVERY_MS = 100;

/** When each change of a run was asked for; change number n leaves the run kept when n is odd. */
export type ChangeTimes = Map<string, number[]>;

/** Changes runs ten times a second each, through the API, until the signal. */
export const keepChanging = async (client: Client, ids: string[], signal: AbortSignal): Promise<ChangeTimes> => {
  const times: ChangeTimes = new Map(ids.map(id => [id, [0]]));
  const change = async (id: string, offsetMs: number): Promise<void> => {
    await delay(offsetMs);
    let next = performance.now();
    while (!signal.aborted) {
      const made = times.get(id)!;
      made.push(performance.now());
      await client.keep(id, made.length % 2 === 0);
      next += EVERY_MS;
      await delay(Math.max(0, next - performance.now()));
    }
  };
  await Promise.all(ids.map((id, index) => change(id, (index * EVERY_MS) / ids.length)));
  return times;
};
