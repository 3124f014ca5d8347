// The one place that says which status an error has. Refusals and errors are values or UserErrors until here.

import { type ErrorCode, UserError } from '../errors.js';
import { Refusal } from './engine/refusal.js';

/** What a request gets instead of an answer. */
export interface HttpFault {
  readonly status: number;
  readonly message: string;
  /** The group of errors, as OpenAI's API calls it. */
  readonly type: string;
  readonly code: string;
  /** In seconds; null when nobody can know. */
  readonly retryAfter: number | null;
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  'queue-full': 429,
  'queue-timeout': 503,
  'model-loading': 503,
  'model-failed': 503,
  stopping: 503,
  'message-too-long': 400,
  'conversation-unknown': 404,
  'reply-unknown': 404,
  'model-not-found': 404,
  'option-invalid': 400,
  'prompt-empty': 400,
  'store-locked': 503,
  'store-unreachable': 503,
  'disk-full': 507,
  'cannot-save': 507,
};

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  404: 'invalid_request_error',
  413: 'invalid_request_error',
  429: 'rate_limit_error',
};

/** @param thrown anything that a route threw. What is no UserError is a bug, of which nothing is told. */
export function httpFault(thrown: unknown): HttpFault {
  const made = (
    status: number,
    message: string,
    code: string,
    retryAfter: number | null = null,
  ): HttpFault => ({
    ...{ status, message, code, retryAfter },
    type: types[status] ?? 'server_error',
  });
  if (thrown instanceof UserError) {
    const retryAfter = thrown instanceof Refusal ? thrown.retryAfter : null;
    return made(statusOf[thrown.code] ?? 500, thrown.message, thrown.code, retryAfter);
  }
  // Fastify's own: a body that is no JSON, or too large.
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number')
    if (thrown.statusCode >= 400 && thrown.statusCode < 500) {
      const code = thrown.statusCode === 413 ? 'request-too-large' : 'request-invalid';
      return made(thrown.statusCode, thrown.message, code);
    }
  return made(500, 'the service made a mistake; its log says more', 'unexpected');
}

/** The body, as OpenAI's API has it. */
export function openAiError({ message, type, code }: HttpFault, param: string | null = null): object {
  return { error: { message, type, param, code } };
}

export function retryHeaders({ retryAfter }: HttpFault): Record<string, string> {
  return retryAfter === null
    ? {}
    : {
        'retry-after': String(Math.ceil(retryAfter)),
        'retry-after-ms': String(Math.ceil(retryAfter * 1000)),
      };
}
