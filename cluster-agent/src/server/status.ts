import type { ErrorBody, ErrorCode } from '@bottega/schema';
import type { FastifyError } from 'fastify';
import { asBottegaError } from '../errors/index.js';

/** The only place where errors become HTTP statuses. */
const statusOf: Record<ErrorCode, number> = {
  invalid_request: 400,
  invalid_config: 422,
  invalid_cluster_spec: 422,
  not_found: 404,
  conflict: 409,
  unauthorized: 401,
  agent_unreachable: 502,
  cluster_not_ready: 409,
  cluster_start_failed: 502,
  cluster_unreachable: 502,
  engine_failed: 502,
  version_mismatch: 409,
  folder_too_large: 413,
  folder_unreadable: 422,
  too_few_seats: 422,
  no_space: 507,
  port_in_use: 409,
  timeout: 504,
  internal: 500
};

export const answerOf = (error: FastifyError | Error): { status: number; body: ErrorBody } => {
  const { statusCode, validation } = error as Partial<FastifyError>;
  if (validation || (statusCode !== undefined && statusCode < 500)) {
    return { status: statusCode ?? 400, body: { code: 'invalid_request', message: sentence(error.message) } };
  }
  const known = asBottegaError(error);
  return { status: statusOf[known.code], body: known.toBody() };
};

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
