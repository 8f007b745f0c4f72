import { BottegaError } from '@bottega/client';
import type { ErrorBody } from '@bottega/schema';
import { useState } from 'react';

/** A request of the person: since when it is on its way, or why it failed. */
export interface Action {
  readonly since: number | null;
  readonly error: ErrorBody | null;
  run(): void;
  dismiss(): void;
}

export const useAction = (work: () => Promise<unknown>): Action => {
  const [state, setState] = useState<Pick<Action, 'since' | 'error'>>({ since: null, error: null });
  const run = async (): Promise<void> => {
    setState({ since: Date.now(), error: null });
    try {
      await work();
      setState({ since: null, error: null });
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      setState({ since: null, error: error.body });
    }
  };
  return { ...state, run: () => void run(), dismiss: () => setState({ since: null, error: null }) };
};
