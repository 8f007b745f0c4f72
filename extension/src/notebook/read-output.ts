import type { Run, RunMime, RunState } from '@bottega/schema';

const states: Record<RunState, true> = {
  pending: true,
  starting: true,
  running: true,
  done: true,
  failed: true,
  stopped: true,
  lost: true
};

/** What an output holds, or null. Notebooks come from anywhere, and tslab may send JSON as text. */
export const readOutput = (data: unknown): RunMime | null => {
  const value = typeof data === 'string' ? parsed(data) : data;
  if (!isObject(value) || typeof value['id'] !== 'string' || !isRun(value['run'])) return null;
  const taken = value['taken'];
  return { version: 1, id: value['id'], run: value['run'], ...(typeof taken === 'number' ? { taken } : {}) };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isNumberOrNull = (value: unknown): boolean => value === null || typeof value === 'number';

/** Only what the output shows is looked at. */
const isRun = (value: unknown): value is Run =>
  isObject(value) &&
  ['name', 'cluster', 'reason'].every(key => typeof value[key] === 'string') &&
  typeof value['state'] === 'string' &&
  Object.hasOwn(states, value['state']) &&
  typeof value['step'] === 'number' &&
  ['max_steps', 'loss', 'step_seconds', 'started', 'ended'].every(key => isNumberOrNull(value[key]));
