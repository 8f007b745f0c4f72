import { phaseNames, type EventOf, type PhaseName } from '@bottega/schema';

/** A stretch of the start. `other` is time between two phases that no phase accounts for. */
export interface StartSegment {
  readonly name: PhaseName | 'other';
  readonly ms: number;
}

/** The start of a run as a row of timed segments. */
export interface Start {
  readonly segments: readonly StartSegment[];
  readonly totalMs: number;
  /** Whether the first step (or line) is done. */
  readonly isComplete: boolean;
}

export type Phase = Pick<EventOf<'phase'>, 'name' | 'started' | 'duration_ms'>;

const OTHER_MS = 1;
/** The clocks of agent and cluster may differ; what lies further apart than this is not time that passed. */
const MAX_OTHER_MS = 60_000;

export const startOf = (phases: readonly Phase[]): Start => {
  const ordered = [...phases].sort((one, other) => phaseNames.indexOf(one.name) - phaseNames.indexOf(other.name));
  const segments: StartSegment[] = [];
  let end: number | null = null;
  for (const phase of ordered) {
    const between: number = end === null ? 0 : phase.started - end;
    if (between > OTHER_MS && between < MAX_OTHER_MS) segments.push({ name: 'other', ms: between });
    segments.push({ name: phase.name, ms: phase.duration_ms });
    end = phase.started + phase.duration_ms;
  }
  return {
    segments,
    totalMs: segments.reduce((sum, segment) => sum + segment.ms, 0),
    isComplete: ordered.some(phase => phase.name === 'first_step')
  };
};

/** What a start that is not complete is doing now: the phase after the last one that is over. */
export const phaseInProgress = (phases: readonly Phase[]): PhaseName | null => {
  const latest = Math.max(-1, ...phases.map(phase => phaseNames.indexOf(phase.name)));
  return phaseNames[latest + 1] ?? null;
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
