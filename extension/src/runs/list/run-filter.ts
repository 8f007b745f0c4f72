import type { Run, RunQuery } from '@bottega/schema';
import { hasEnded } from '@bottega/client';

/** Which runs the list shows. The agent searches; `matches` says the same of a run that comes on the stream. */
export interface RunFilter {
  /** A part of the name or of the id. */
  text: string;
  state: NonNullable<RunQuery['state']> | null;
  cluster: string | null;
}

export const everyRun: RunFilter = { text: '', state: null, cluster: null };

export const isEveryRun = ({ text, state, cluster }: RunFilter): boolean =>
  !text.trim() && state === null && cluster === null;

export const queryOf = ({ text, state, cluster }: RunFilter): Partial<RunQuery> => ({
  ...(text.trim() ? { filter: text.trim() } : {}),
  ...(state === null ? {} : { state }),
  ...(cluster === null ? {} : { cluster })
});

export const matches = (run: Run, { text, state, cluster }: RunFilter): boolean => {
  const wanted = text.trim().toLowerCase();
  const isInState =
    state === null || (hasEnded(run.state) ? ['ended', run.state] : ['active', run.state]).includes(state);
  const hasText = run.name.toLowerCase().includes(wanted) || run.id.includes(wanted);
  return isInState && hasText && (cluster === null || run.cluster === cluster);
};
