import type { ErrorBody, ErrorCode, Problem } from '@bottega/schema';

/** A request that failed. `message` is a sentence for the person, `hint` what to do next. */
export class BottegaError extends Error {
  override readonly name = 'BottegaError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];
  readonly details: string | undefined;

  constructor(
    readonly body: ErrorBody,
    options?: ErrorOptions
  ) {
    super(body.message, options);
    this.code = body.code;
    this.hint = body.hint;
    this.problems = body.problems ?? [];
    this.details = body.details;
  }
}

/** The error that an answer carries; answers of other servers on the way (a Jupyter login page) become one too. */
export const errorOf = async (response: Response): Promise<BottegaError> => {
  const text = await response.text();
  const body = parseBody(text);
  if (body) return new BottegaError(body);
  if (response.status === 401 || response.status === 403) {
    return new BottegaError({
      code: 'unauthorized',
      message: 'The server refused the request.',
      hint: 'Log in again and reload the page.',
      details: text.slice(0, 2000)
    });
  }
  return new BottegaError({
    code: response.status === 404 ? 'not_found' : 'agent_unreachable',
    message: `The server answered ${response.status} ${response.statusText}`.trimEnd() + '.',
    details: text.slice(0, 2000)
  });
};

const parseBody = (text: string): ErrorBody | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isErrorBody(value) ? value : null;
  } catch {
    return null;
  }
};

const isErrorBody = (value: unknown): value is ErrorBody =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  typeof value.code === 'string' &&
  'message' in value &&
  typeof value.message === 'string';
