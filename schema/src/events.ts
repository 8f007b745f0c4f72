import { Type, type Static, type TProperties } from 'typebox';
import { Digest, Time } from './common.js';
import { QueuePlace, RunState, StartLevel } from './run.js';

/**
 * Phases of a start, in order. `sync` is timed by the agent, the others by the engine and the ranks. `environment`
 * (packages of `dependencies` are installed) and `base` (the base model is loaded into a process that stays) are there
 * only when this start had to do it. Of a script `first_line` lasts until it prints something, and `first_step` from
 * there until it logs its first number, each only when that happens.
 */
export const phaseNames = [
  'sync',
  'seats',
  'environment',
  'base',
  'fork',
  'imports',
  'model',
  'data',
  'first_line',
  'first_step'
] as const;
export const PhaseName = Type.Enum([...phaseNames]);
export type PhaseName = Static<typeof PhaseName>;

const Rank = Type.Integer({ minimum: 0, description: 'Rank in the run, from 0.' });

const event = <const T extends string, P extends TProperties>(type: T, properties: P, description: string) =>
  Type.Object(
    {
      seq: Type.Integer({ minimum: 1, description: 'Number in the event log of the run; no holes.' }),
      time: Time,
      type: Type.Literal(type),
      ...properties
    },
    { description }
  );

export const PhaseEvent = event(
  'phase',
  { name: PhaseName, started: Time, duration_ms: Type.Number() },
  'A part of the start is over. With several ranks: the slowest one.'
);
export const StatusEvent = event(
  'status',
  {
    state: RunState,
    reason: Type.String(),
    max_steps: Type.Optional(Type.Integer()),
    queue: Type.Optional(QueuePlace),
    exit_code: Type.Optional(Type.Integer())
  },
  'The run changed state. An ended state is the last event of the log.'
);
export const OutputEvent = event(
  'output',
  {
    rank: Rank,
    stream: Type.Enum(['stdout', 'stderr']),
    text: Type.String({
      description: 'Whole lines where possible, at most 64 KiB; with its newlines. Hostile: never render as HTML.'
    })
  },
  'What a rank wrote.'
);
export const MetricEvent = event(
  'metric',
  {
    step: Type.Integer({ minimum: 0 }),
    values: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]), {
      description:
        'By name: loss, learning_rate, grad_norm, tokens_per_second, step_seconds, memory_bytes, epoch, eval_loss and whatever a script reports. Null for NaN and infinities.'
    })
  },
  'Numbers of one step.'
);
export const CheckpointEvent = event(
  'checkpoint',
  {
    step: Type.Integer(),
    path: Type.String({ description: 'Relative to the output folder of the run.' }),
    size_bytes: Type.Integer(),
    final: Type.Boolean()
  },
  'A complete checkpoint, or the final model.'
);
export const TraceEvent = event(
  'trace',
  {
    name: Type.String(),
    rank: Rank,
    first_step: Type.Integer(),
    last_step: Type.Integer(),
    path: Type.String({ description: 'Chrome JSON, gzipped; relative to the output folder of the run.' }),
    size_bytes: Type.Integer()
  },
  'A profiler trace of one rank.'
);
export const ArtifactEvent = event(
  'artifact',
  {
    kind: Type.Enum(['sample', 'table', 'file']),
    name: Type.String(),
    step: Type.Optional(Type.Integer()),
    text: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
    size_bytes: Type.Optional(Type.Integer())
  },
  'Something the run made: a generated text (`sample`: name is the prompt), a key-averages table, a file.'
);
export const NoticeEvent = event(
  'notice',
  { level: Type.Enum(['info', 'warning', 'error']), message: Type.String(), details: Type.Optional(Type.String()) },
  'A sentence for the person, from Bottega and not from their code.'
);
export const StartEvent = event(
  'start',
  {
    level: StartLevel,
    reason: Type.String({ description: 'Why this level, and what was kept; one sentence.' })
  },
  'How much the processes of the run found ready. Once for a run.'
);
export const ModulesEvent = event(
  'modules',
  {
    modules: Type.Array(
      Type.Object({
        path: Type.String({ description: 'Relative to the project folder.' }),
        sha256: Digest
      })
    )
  },
  "Modules of the project that rank 0 has executed since the last such event, by the bytes that were really compiled. They equal the run's tree, or a notice says which do not."
);
export const ChangeEvent = event(
  'change',
  {
    step: Type.Integer({
      minimum: 1,
      description: 'The first optimizer step with the new values; 1 when the run had not begun.'
    }),
    values: Type.Record(Type.String(), Type.Unknown(), {
      description: 'By dotted key of the config; null for a field that was taken away.'
    }),
    before: Type.Record(Type.String(), Type.Unknown(), { description: 'What they were; null for not set.' })
  },
  'Live fields of the config were changed, on all ranks.'
);
export const GapEvent = event(
  'gap',
  { first: Type.Integer(), last: Type.Integer(), reason: Type.String() },
  'Events first to last are gone; says why.'
);

export const events = {
  phase: PhaseEvent,
  status: StatusEvent,
  output: OutputEvent,
  metric: MetricEvent,
  checkpoint: CheckpointEvent,
  trace: TraceEvent,
  artifact: ArtifactEvent,
  notice: NoticeEvent,
  start: StartEvent,
  modules: ModulesEvent,
  change: ChangeEvent,
  gap: GapEvent
} as const;

/** One entry of a run's event log. */
export const RunEvent = Type.Union(
  [
    PhaseEvent,
    StatusEvent,
    OutputEvent,
    MetricEvent,
    CheckpointEvent,
    TraceEvent,
    ArtifactEvent,
    NoticeEvent,
    StartEvent,
    ModulesEvent,
    ChangeEvent,
    GapEvent
  ],
  { title: 'Run event' }
);
export type RunEvent = Static<typeof RunEvent>;
export type EventType = RunEvent['type'];
export type EventOf<T extends EventType> = Extract<RunEvent, { type: T }>;
