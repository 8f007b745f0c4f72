import type { Run } from '@bottega/schema';

const RESUMES = /(?:^|[{,])\s*["']?resume_from_checkpoint["']?\s*:\s*["']?([^\s"'#,]+)/m;

/** Which runs the active ones begin from, each with the name of one that does. */
export const begunFrom = (active: Run[]): Map<string, string> => {
  const names = new Map<string, string>();
  for (const run of active) {
    if (run.branch_of) names.set(run.branch_of.run, run.name);
    // A path may name a run as well; a part of it that is none does no harm.
    for (const part of RESUMES.exec(run.config)?.[1]?.split('/') ?? []) names.set(part, run.name);
  }
  return names;
};
