// Posts JSON to an OpenAI-compatible service, such as a company's or llama.cpp, vLLM or Ollama on this machine. A busy service is
// asked again later. The key stays in the header of the requests: it is in no message, and goes to no other server. What is asked
// and what the answer means is the caller's concern.

import { UserError } from '../errors.js';
import { isRecord } from '../objects.js';
import { oneLine, quoted } from '../quote.js';
import type { Fetch } from '../weights/hub-fetch.js';
import { failureReason } from './connection-failure.js';
import { retryAfterSeconds } from './retry-after.js';

/** The parts that need a clock. */
export interface Clock {
  /** Waits a number of seconds. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  /** Calls `late` after a number of seconds, unless the function that it returns is called before. */
  readonly deadline: (seconds: number, late: () => void) => () => void;
}

export interface ServiceLimits {
  /** For one request. */
  readonly seconds: number;
  /** Seconds before each further attempt when the server is busy or the connection breaks. */
  readonly retrySeconds: readonly number[];
  /** The longest wait that a busy server may ask for. */
  readonly longestWait: number;
  readonly answerBytes: number;
}

export interface ServiceOptions {
  /** Without name and password. `path` is added unless it ends with it. */
  readonly url: URL;
  readonly path: '/chat/completions' | '/embeddings';
  /** For messages. */
  readonly model: string;
  /** Sent as a bearer token. Null if the server needs none. */
  readonly key: string | null;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly limits: ServiceLimits;
  /** What it does for the caller, in messages: `translate`. */
  readonly purpose: string;
  /** What can be done when it stays busy: `run the same command again later`. */
  readonly whenBusy: string;
  readonly failed: (sentence: string, cause?: unknown) => UserError;
}

/** Another attempt may succeed. */
class Passing extends Error {
  constructor(
    reason: string,
    /** Seconds that the server asks to wait. */
    readonly retryAfter = 0,
  ) {
    super(reason);
  }
}

/** Aborts with another signal, or earlier. */
export class FollowingAbort {
  private readonly controller = new AbortController();
  readonly signal: AbortSignal = this.controller.signal;
  readonly abort = (): void => this.controller.abort();

  constructor(private readonly other: AbortSignal) {
    if (other.aborted) this.abort();
    other.addEventListener('abort', this.abort);
  }

  release(): void {
    this.other.removeEventListener('abort', this.abort);
  }
}

export class OpenAIService {
  private readonly address: URL;

  constructor(private readonly options: ServiceOptions) {
    const path = options.url.pathname.replace(/\/{1,20}$/, '');
    this.address = new URL(options.url);
    if (!path.endsWith(options.path)) this.address.pathname = `${path}${options.path}`;
  }

  /** The body of a successful response. Asks again while the failure may pass. */
  async post(request: string, signal: AbortSignal): Promise<string> {
    const { limits, clock, url, failed, purpose, whenBusy } = this.options;
    const waits = [...limits.retrySeconds];
    for (;;) {
      try {
        return await this.attempt(request, signal);
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof Passing)) throw thrown;
        const seconds = Math.max(waits.shift() ?? Number.POSITIVE_INFINITY, thrown.retryAfter);
        if (seconds > limits.longestWait)
          throw failed(`${url.href} does not ${purpose} (${thrown.message}); ${whenBusy}`, thrown);
        await clock.wait(seconds, signal);
      }
    }
  }

  private async attempt(request: string, signal: AbortSignal): Promise<string> {
    const { key, fetch, clock, limits } = this.options;
    const stop = new FollowingAbort(signal);
    let isLate = false;
    const endDeadline = clock.deadline(limits.seconds, () => {
      isLate = true;
      stop.abort();
    });
    try {
      const response = await fetch(this.address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(key !== null && { authorization: `Bearer ${key}` }),
        },
        body: request,
        // A redirect could send the texts and the key to another server.
        redirect: 'manual',
        signal: stop.signal,
      });
      const body = await boundedText(response, limits.answerBytes);
      if (response.status >= 200 && response.status < 300) return body;
      throw this.refusal(response, body);
    } catch (thrown) {
      if (isLate) throw new Passing(`no answer within ${limits.seconds} s`);
      if (thrown instanceof UserError || thrown instanceof Passing) throw thrown;
      throw new Passing(failureReason(thrown));
    } finally {
      endDeadline();
      stop.release();
    }
  }

  private refusal({ status, headers }: Response, body: string): Error {
    const { url, model, clock, failed } = this.options;
    const said = oneLine(this.withoutKey(errorText(body)), 200);
    const reason = `status ${status}${said === '' ? '' : `: ${said}`}`;
    if ([408, 425, 429].includes(status) || status >= 500)
      return new Passing(reason, retryAfterSeconds(headers, clock.now()));
    if (status === 401 || status === 403)
      return failed(
        `${url.href} does not accept the request (${reason}); name the environment variable that holds its key`,
      );
    if (status >= 300 && status < 400)
      return failed(`${url.href} redirects to ${quoted(headers.get('location'))}; name that address instead`);
    return failed(
      `${url.href} refuses the request (${reason}); check the address, which mostly ends with /v1, and the model ${quoted(model)}`,
    );
  }

  /** A text of the service, which may quote what it was sent. */
  withoutKey(text: string): string {
    const { key } = this.options;
    return key === null ? text : text.replaceAll(key, '***');
  }
}

/** @throws Passing if the body is larger. */
async function boundedText(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (size > most) throw new Passing(`an answer of more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What an error response says, or an empty string. */
export function errorText(body: string): string {
  const answer = parsedAnswer(body);
  const error = isRecord(answer) ? (answer.error ?? answer.message ?? answer.detail) : undefined;
  const text = isRecord(error) ? error.message : error;
  return typeof text === 'string' ? text : '';
}

/** Undefined for what is not JSON. */
export function parsedAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
