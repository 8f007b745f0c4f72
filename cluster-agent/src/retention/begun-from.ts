import type { Run } from '@bottega/schema';

/** Which runs the active ones begin from, each with the name of one that does. */
export const begunFrom = (active: Run[]): Map<string, string> =>
  new Map(active.flatMap(({ branch_of, name }) => (branch_of ? [[branch_of.run, name]] : [])));
