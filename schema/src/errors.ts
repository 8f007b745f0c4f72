import { Type, type Static } from 'typebox';

/** Every way a request can fail, and what it means. Only the HTTP edge knows statuses. */
export const errorCodes = {
  invalid_request: 'The request does not have the right form.',
  invalid_config: 'The run config has problems; each has its place.',
  invalid_cluster_spec: 'The cluster spec has problems; each has its place.',
  not_found: 'There is no such run, cluster or file.',
  conflict: 'The thing exists already and is different, or is in a state that does not allow this.',
  unauthorized: 'The token is missing or wrong.',
  agent_unreachable: 'The agent does not answer, or it could not be started.',
  cluster_not_ready: 'The cluster is not ready to take runs.',
  cluster_start_failed: 'The cluster did not start.',
  cluster_unreachable: 'The cluster does not answer.',
  engine_failed: 'The engine on the cluster failed.',
  version_mismatch: 'Two parts of Bottega have versions that do not fit.',
  folder_too_large: 'The project folder is larger than the limit.',
  folder_unreadable: 'The project folder or a file in it cannot be read.',
  too_few_seats: 'The cluster can never offer what the run asks for.',
  no_space: 'There is no space left on the disk.',
  port_in_use: 'A port is used by another program.',
  timeout: 'Something did not answer before its deadline.',
  internal: 'A defect in Bottega.'
} as const;

export type ErrorCode = keyof typeof errorCodes;
export const ErrorCode = Type.Enum(Object.keys(errorCodes) as ErrorCode[]);

/** One thing wrong in a file a person wrote, with its place. Lines and columns count from 1; the end is exclusive. */
export const Problem = Type.Object({
  path: Type.String({ description: 'JSON pointer to the value, for example /data/train.' }),
  message: Type.String({ description: 'One sentence for the person.' }),
  file: Type.Optional(
    Type.String({ description: 'The file, when it is not the one that was asked about (`extends`).' })
  ),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  end_line: Type.Optional(Type.Integer()),
  end_column: Type.Optional(Type.Integer()),
  suggestion: Type.Optional(Type.String({ description: 'What to write instead of the marked text.' }))
});
export type Problem = Static<typeof Problem>;

/** The body of every answer that is an error. */
export const ErrorBody = Type.Object({
  code: ErrorCode,
  message: Type.String({ description: 'What happened, in one sentence.' }),
  hint: Type.Optional(Type.String({ description: 'What to do next, in one sentence.' })),
  problems: Type.Optional(Type.Array(Problem)),
  details: Type.Optional(Type.String({ description: 'Technical text for the fold, for example the end of a log.' }))
});
export type ErrorBody = Static<typeof ErrorBody>;
