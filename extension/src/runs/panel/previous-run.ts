import type { Run } from '@bottega/schema';
import { hasEnded } from '@bottega/client';
import { useEffect, useReducer, useState } from 'react';
import type { IBottega } from '../../agent/index.js';
import { LiveRuns, type LiveRun } from '../live/index.js';

/** A log that is longer is not read only to compare with it. */
const MAX_EVENTS = 100_000;

/** The run before this one that people compare it with: the same name on the same cluster, and it got to a step. */
export const previousOf = (runs: readonly Run[], run: Run): Run | null => {
  const candidates = runs.filter(
    other =>
      other.id !== run.id &&
      other.name === run.name &&
      other.cluster === run.cluster &&
      other.created < run.created &&
      other.started !== null &&
      other.last_seq <= MAX_EVENTS
  );
  return candidates.reduce<Run | null>(
    (newest, other) => (newest && newest.created > other.created ? newest : other),
    null
  );
};

/** The previous run with its log read; null while it is not known. Follows it only until it is read. */
export const usePrevious = (bottega: IBottega, run: Run | null): LiveRun | null => {
  const [previous, setPrevious] = useState<LiveRun | null>(null);
  const [, render] = useReducer((count: number) => count + 1, 0);
  const id = run && (previousOf(bottega.ledger.runs, run)?.id ?? null);
  useEffect(() => {
    if (id === null) return undefined;
    const runs = LiveRuns.of(bottega);
    const other = runs.acquire(id);
    const hold = other.hold();
    const look = (): void => {
      const record = other.run;
      if (!record || other.isBehind || (other.lastSeq === 0 && record.last_seq > 0)) return;
      setPrevious(other);
      render();
      if (hasEnded(record.state)) hold.dispose();
    };
    other.changed.connect(look);
    look();
    return () => {
      other.changed.disconnect(look);
      hold.dispose();
      runs.release(other);
      setPrevious(null);
    };
  }, [bottega, id]);
  return previous;
};
