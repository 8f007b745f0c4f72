import { BottegaError, hasEnded } from '@bottega/client';
import type { PreviousStart } from '@bottega/schema';
import { useEffect, useReducer, useState } from 'react';
import type { IBottega } from '../../agent/index.js';
import { LiveRuns, type LiveRun } from '../live/index.js';

/** The start of the run before this one, with the same folder and config; null while it is not known, or is none. */
export const usePreviousStart = (bottega: IBottega, id: string | null): PreviousStart | null => {
  const [previous, setPrevious] = useState<PreviousStart | null>(null);
  useEffect(() => {
    if (id === null) return undefined;
    let isGone = false;
    bottega.client.previousStart(id).then(
      answer => {
        if (!isGone) setPrevious(answer);
      },
      // Without it the run is shown alone; that the agent is away is said elsewhere.
      (error: unknown) => {
        if (!(error instanceof BottegaError)) throw error;
      }
    );
    return () => {
      isGone = true;
      setPrevious(null);
    };
  }, [bottega, id]);
  return previous;
};

/** A run to compare with, with its log read; null while it is not. Follows it only until it is read. */
export const useOtherRun = (bottega: IBottega, id: string | null): LiveRun | null => {
  const [other, setOther] = useState<LiveRun | null>(null);
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (id === null) return undefined;
    const runs = LiveRuns.of(bottega);
    const run = runs.acquire(id);
    const hold = run.hold();
    const look = (): void => {
      const record = run.run;
      if (!record || run.isBehind || (run.lastSeq === 0 && record.last_seq > 0)) return;
      setOther(run);
      render();
      if (hasEnded(record.state)) hold.dispose();
    };
    run.changed.connect(look);
    look();
    return () => {
      run.changed.disconnect(look);
      hold.dispose();
      runs.release(run);
      setOther(null);
    };
  }, [bottega, id]);
  return other;
};
