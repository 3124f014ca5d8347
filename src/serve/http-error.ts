// The one place that says which status an error has, and which body. Refusals and errors are values or UserErrors until here.

import { type ErrorCode, UserError } from '../errors.js';
import { Refusal } from './engine/refusal.js';

/** What a request gets instead of an answer. */
export interface HttpFault {
  readonly status: number;
  readonly message: string;
  /** The group of errors, as OpenAI's API calls it. */
  readonly type: string;
  readonly code: string;
  /** The field of the body that is wrong; null: no single one. */
  readonly param: string | null;
  /** In seconds; null when nobody can know. */
  readonly retryAfter: number | null;
}

/** A field that the service knows and cannot honour, or cannot honour with this value. */
export class FieldRefused extends UserError {
  constructor(
    readonly param: string,
    sentence: string,
  ) {
    super('field-unsupported', sentence);
  }
}

/** One who asks more often than is allowed. */
export class TooOften extends UserError {
  /** @param retryAfter in seconds. */
  constructor(
    sentence: string,
    readonly retryAfter: number,
  ) {
    super('asked-too-often', sentence);
  }
}

export const statusOf = {
  'asked-too-often': 429,
  'queue-full': 429,
  'queue-timeout': 503,
  'model-loading': 503,
  'model-failed': 503,
  stopping: 503,
  'field-unsupported': 400,
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
} as const satisfies Partial<Record<ErrorCode, number>>;

const statuses: Partial<Record<ErrorCode, number>> = statusOf;

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  403: 'invalid_request_error',
  404: 'invalid_request_error',
  413: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
};

export function faultOf(
  status: number,
  message: string,
  code: string,
  { param = null, retryAfter = null }: Partial<Pick<HttpFault, 'param' | 'retryAfter'>> = {},
): HttpFault {
  return { status, message, code, param, retryAfter, type: types[status] ?? 'server_error' };
}

/** @param thrown anything that a route threw. What is no UserError is a bug, of which nothing is told. */
export function httpFault(thrown: unknown): HttpFault {
  if (thrown instanceof UserError) {
    const more = {
      param: thrown instanceof FieldRefused ? thrown.param : null,
      retryAfter: thrown instanceof Refusal || thrown instanceof TooOften ? thrown.retryAfter : null,
    };
    return faultOf(statuses[thrown.code] ?? 500, thrown.message, thrown.code, more);
  }
  // Fastify's own: a body that is no JSON, or too large.
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number')
    if (thrown.statusCode >= 400 && thrown.statusCode < 500) {
      const code = thrown.statusCode === 413 ? 'request-too-large' : 'request-invalid';
      return faultOf(thrown.statusCode, thrown.message, code);
    }
  return faultOf(500, 'the service made a mistake; its log says more', 'unexpected');
}

/** Whose words a path speaks. */
export type Dialect = 'own' | 'openai' | 'ollama';

export function dialectOf(url: string): Dialect {
  if (url.startsWith('/api/')) return 'ollama';
  return /^\/v1\/(?:chat\/|completions|models)/.test(url) ? 'openai' : 'own';
}

/** The status in a dialect: clients of Ollama know only 503 for a full queue. */
export function statusIn(dialect: Dialect, { status }: HttpFault): number {
  return dialect === 'ollama' && status === 429 ? 503 : status;
}

/** @param detail FastAPI's list of mistakes in a body, where there are some. */
export function errorBody(dialect: Dialect, fault: HttpFault, detail?: readonly object[]): object {
  switch (dialect) {
    case 'own':
      return detail ? { detail } : { detail: fault.message, ...openAiError(fault) };
    case 'openai':
      return openAiError({ ...fault, code: openAiCode(fault.code) });
    case 'ollama':
      return { error: fault.message };
  }
}

/** The body, as OpenAI's API has it. */
export function openAiError({ message, type, code, param }: HttpFault): object {
  return { error: { message, type, param, code } };
}

/** Clients look for this code, to shorten a conversation. */
function openAiCode(code: string): string {
  return code === 'message-too-long' ? 'context_length_exceeded' : code.replaceAll('-', '_');
}

export function retryHeaders({ retryAfter }: HttpFault): Record<string, string> {
  return retryAfter === null
    ? {}
    : {
        'retry-after': String(Math.ceil(retryAfter)),
        'retry-after-ms': String(Math.ceil(retryAfter * 1000)),
      };
}
