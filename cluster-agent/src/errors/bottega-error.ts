import type { ErrorBody, ErrorCode, Problem } from '@bottega/schema';

export interface ErrorOptions {
  /** What to do next, in one sentence. */
  hint?: string;
  problems?: Problem[];
  /** Technical text for the fold, for example the end of a log. */
  details?: string;
  cause?: unknown;
}

/** Every failure a person hears of. Only the HTTP edge turns it into a status. */
export class BottegaError extends Error {
  override readonly name = 'BottegaError';
  readonly hint: string | undefined;
  readonly problems: Problem[] | undefined;
  readonly details: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ErrorOptions = {}
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.problems = options.problems;
    this.details = options.details;
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.problems === undefined ? {} : { problems: this.problems }),
      ...(this.details === undefined ? {} : { details: this.details })
    };
  }

  static from(body: ErrorBody): BottegaError {
    return new BottegaError(body.code, body.message, body);
  }
}

/** The system's own code of a failed call (`ENOENT`, `ENOSPC`), if it has one. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Any error as one a person can be told. */
export const asBottegaError = (error: unknown): BottegaError => {
  if (error instanceof BottegaError) return error;
  if (systemCode(error) === 'ENOSPC') {
    return new BottegaError('no_space', 'There is no space left on the disk of BOTTEGA_HOME.', {
      hint: 'Free some space and try again.',
      cause: error
    });
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new BottegaError('internal', 'Something in the agent broke.', { cause: error, details });
};
