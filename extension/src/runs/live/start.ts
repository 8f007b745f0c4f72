import { phaseNames, type EventOf, type PhaseName, type Run } from '@bottega/schema';

/** A stretch of the start. `other` is time that no phase accounts for. */
export interface StartSegment {
  readonly name: PhaseName | 'other';
  readonly ms: number;
}

/** The start of a run as a row of timed segments. */
export interface Start {
  readonly segments: readonly StartSegment[];
  readonly totalMs: number;
  /** Whether the first step is done; of a script the first line or number, or it has ended without one. */
  readonly isComplete: boolean;
  /** What it does now; null when it is over, or has not begun. */
  readonly current: StartSegment['name'] | null;
  /** When the last phase ended, by the clock of the cluster. */
  readonly end: number | null;
}

export type Phase = Pick<EventOf<'phase'>, 'name' | 'started' | 'duration_ms'>;

/** What the record of a run says of its start. */
export type StartRecord = Pick<Run, 'kind' | 'state' | 'reason' | 'started' | 'ended'>;

const OTHER_MS = 1;
/** The clocks of agent and cluster may differ; what lies further apart than this is not time that passed. */
const MAX_OTHER_MS = 60_000;

export const startOf = (phases: readonly Phase[], run: StartRecord): Start => {
  const ordered = [...phases].sort((one, other) => phaseNames.indexOf(one.name) - phaseNames.indexOf(other.name));
  const segments: StartSegment[] = [];
  let end: number | null = null;
  for (const phase of ordered) {
    const between: number = end === null ? 0 : phase.started - end;
    if (between > OTHER_MS && between < MAX_OTHER_MS) segments.push({ name: 'other', ms: between });
    segments.push({ name: phase.name, ms: phase.duration_ms });
    end = phase.started + phase.duration_ms;
  }
  const isQuiet = run.kind === 'script' && run.started !== null && run.ended !== null;
  const isComplete = isQuiet || ordered.some(({ name }) => name === 'first_line' || name === 'first_step');
  const last = isComplete ? null : phaseInProgress(phases, run);
  if (last && run.ended !== null && end !== null && run.ended > end) segments.push({ name: last, ms: run.ended - end });
  return {
    segments,
    totalMs: segments.reduce((sum, segment) => sum + segment.ms, 0),
    isComplete,
    current: run.ended === null ? last : null,
    end
  };
};

/** What no start waits for before it says so as its reason, or what a run of this kind does not have. */
const unexpected: Record<Run['kind'], readonly PhaseName[]> = {
  finetune: ['environment', 'base', 'first_line'],
  script: ['environment', 'base', 'imports', 'model', 'data']
};

/** What a start that is not complete is doing, or what it was doing when it ended; null before it began. */
const phaseInProgress = (phases: readonly Phase[], run: StartRecord): StartSegment['name'] | null => {
  if (!phases.length) return run.state === 'starting' ? 'sync' : null;
  const latest = Math.max(...phases.map(phase => phaseNames.indexOf(phase.name)));
  const next = phaseNames.find((name, at) => at > latest && !unexpected[run.kind].includes(name)) ?? null;
  return next === 'fork' && (run.reason || run.ended !== null) ? 'other' : next;
};

/** A phase of this start beside the same one of another; null where one of them did not have it. */
export interface PhaseDifference {
  readonly name: StartSegment['name'];
  readonly ms: number | null;
  readonly beforeMs: number | null;
}

const segmentNames: readonly StartSegment['name'][] = [...phaseNames, 'other'];

export const differencesOf = (start: Start, before: Start | null): PhaseDifference[] =>
  segmentNames
    .map(name => ({ name, ms: timeOf(start, name), beforeMs: before && timeOf(before, name) }))
    .filter(({ ms, beforeMs }) => ms !== null || beforeMs !== null);

const timeOf = ({ segments }: Start, name: StartSegment['name']): number | null => {
  const own = segments.filter(segment => segment.name === name);
  return own.length ? own.reduce((sum, { ms }) => sum + ms, 0) : null;
};

/** The phase that took longest; null while there is none. */
export const slowestOf = ({ segments }: Start): StartSegment['name'] | null =>
  segments.reduce<StartSegment | null>((slowest, each) => (slowest && slowest.ms >= each.ms ? slowest : each), null)
    ?.name ?? null;
