import { setTimeout as delay } from 'node:timers/promises';

/** Asks again until the answer is not undefined; says what it waited for when the time is up. */
export const until = async <T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
  everyMs = 100
): Promise<T> => {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await delay(everyMs);
  }
  throw new Error(`Waited ${timeoutMs / 1000} s for ${what}.`);
};
