// A job that the engine does not take now, or not in time. Trying again later can help.

import { type ErrorCode, UserError } from '../../errors.js';

export class Refusal extends UserError {
  /** @param retryAfter in seconds, at least 0; null when nobody can know. */
  constructor(
    code: Extract<ErrorCode, 'queue-full' | 'queue-timeout' | 'model-loading' | 'model-failed' | 'stopping'>,
    sentence: string,
    readonly retryAfter: number | null,
  ) {
    super(code, sentence);
  }
}
