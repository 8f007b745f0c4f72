import { BottegaError } from '@bottega/client';
import type { CachedThing, CleanupAnswer, CleanupRequest } from '@bottega/schema';
import { describe, expect, it } from 'vitest';
import { CleanUp, defaultRules } from './clean-up.js';
import { diskBytes, goingCount, groupsOf, memoryBytes } from './storage-summary.js';

const thing = (kind: CachedThing['kind'], size_bytes: number, last_used = 1, run?: string): CachedThing => ({
  kind,
  id: `${kind}-${size_bytes}`,
  label: kind,
  size_bytes,
  last_used,
  is_needed: false,
  ...(run === undefined ? {} : { run })
});

describe('a summary of what lies on a cluster', () => {
  const things = [thing('resident', 400), thing('run', 10, 5), thing('tokens', 7), thing('run', 30, 2)];

  it('has a group for each kind that is there, the largest thing first', () => {
    const groups = groupsOf(things).map(({ kind, things: own, sizeBytes, lastUsed }) => [
      kind,
      own.map(each => each.size_bytes),
      sizeBytes,
      lastUsed
    ]);
    expect(groups).toEqual([
      ['run', [30, 10], 40, 5],
      ['tokens', [7], 7, 1],
      ['resident', [400], 400, 1]
    ]);
  });

  it('does not count memory as disk', () => {
    expect([diskBytes(things), memoryBytes(things)]).toEqual([47, 400]);
  });

  it('counts a run and its folder once', () => {
    const runs = [{ id: 'run-aaa', name: 'a', size_bytes: 1 }];
    const gone = [thing('run', 1, 1, 'run-aaa'), thing('tokens', 2)].map(each => ({ cluster: 'local', thing: each }));
    expect(goingCount({ runs, things: gone })).toBe(2);
  });
});

describe('CleanUp', () => {
  const asked: CleanupRequest[] = [];
  let failure: BottegaError | null = null;
  const cleanup = (request: CleanupRequest): Promise<CleanupAnswer> => {
    asked.push(request);
    if (failure) return Promise.reject(failure);
    const { dry_run } = request;
    return Promise.resolve({ dry_run, runs: [], stays: [], things: [], unreachable: [], freed_bytes: 0 });
  };
  const start = (): CleanUp => {
    asked.length = 0;
    failure = null;
    return new CleanUp({ cleanup });
  };

  it('takes nothing away before a preview by the same rules', async () => {
    const cleanUp = start();
    await cleanUp.clean();
    expect(asked).toEqual([]);
    await cleanUp.preview();
    cleanUp.setRules({ ...defaultRules, newest: '5' });
    await cleanUp.clean();
    expect(asked.map(({ dry_run }) => dry_run)).toEqual([true]);
    await cleanUp.preview();
    await cleanUp.clean();
    expect(asked.at(-1)).toEqual({ dry_run: false, older_than_days: 30, newest: 5, unused_days: 14 });
    expect(cleanUp.state.kind).toBe('done');
  });

  it('does not ask with rules that are no numbers', async () => {
    const cleanUp = start();
    for (const wrong of ['', ' ', '-1', 'x', '2.5']) {
      cleanUp.setRules({ ...defaultRules, newest: wrong });
      await cleanUp.preview();
    }
    expect(asked).toEqual([]);
    cleanUp.setRules({ ...defaultRules, unused_days: '0.5' });
    await cleanUp.preview();
    expect(asked).toHaveLength(1);
  });

  it('needs a new preview after a failure', async () => {
    const cleanUp = start();
    await cleanUp.preview();
    failure = new BottegaError({ code: 'timeout', message: 'The agent did not answer.' });
    await cleanUp.clean();
    expect(cleanUp.state).toMatchObject({ kind: 'failed', during: 'cleaning' });
    failure = null;
    await cleanUp.clean();
    expect(asked).toHaveLength(2);
  });
});
