import type { CleanupRequest } from '@bottega/schema';
import type { RunSummary } from '../ledger/index.js';

const DAY_MS = 86_400_000;

export interface Circumstances {
  now: number;
  /** Clusters that exist and do not answer now. */
  away: ReadonlySet<string>;
  /** The name of the active run that begins from a run, by the id of that run. */
  begunFrom: ReadonlyMap<string, string>;
}

export interface Staying {
  id: string;
  name: string;
  reason: string;
}

export interface Plan {
  goes: RunSummary[];
  /** Old enough to go, and stays all the same. */
  stays: Staying[];
}

/** Which runs may go by the rules of CleanupRequest. `runs` are all there are, newest first. */
export const planRuns = (
  runs: RunSummary[],
  { older_than_days: days, newest }: Pick<CleanupRequest, 'older_than_days' | 'newest'>,
  circumstances: Circumstances
): Plan => {
  const oldBefore = circumstances.now - days * DAY_MS;
  const going = new Map<string, RunSummary>();
  const staying: RunSummary[] = [];
  const stays: Staying[] = [];
  const stay = (run: RunSummary, reason: string): void => {
    staying.push(run);
    stays.push({ id: run.id, name: run.name, reason });
  };
  runs.forEach((run, index) => {
    if (run.ended === null || run.ended > oldBefore) return staying.push(run);
    const reason = index < newest ? `It is one of the newest ${newest} runs.` : reasonToStay(run, circumstances);
    if (reason) stay(run, reason);
    else going.set(run.id, run);
    return;
  });
  // Grows while it is gone through: whoever stays keeps where it came from, and so on back to the first.
  for (const { name, origin } of staying) {
    const needed = origin === null ? undefined : going.get(origin);
    if (!needed) continue;
    going.delete(needed.id);
    stay(needed, `The run ${name} branched from it.`);
  }
  return { goes: [...going.values()], stays };
};

/** Empty when nothing but another run holds it. */
export const reasonToStay = (
  { id, isKept, cluster }: Pick<RunSummary, 'id' | 'isKept' | 'cluster'>,
  { away, begunFrom }: Pick<Circumstances, 'away' | 'begunFrom'>
): string => {
  if (isKept) return 'You keep it.';
  const active = begunFrom.get(id);
  if (active !== undefined) return `The run ${active} goes on and began from it.`;
  return away.has(cluster) ? `The cluster ${cluster} is away.` : '';
};
