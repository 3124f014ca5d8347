// Translates by a language model behind an OpenAI-compatible endpoint: chat completions of a service or of a program such as
// llama.cpp, vLLM or Ollama. The texts leave this machine if the endpoint is elsewhere. A busy server is asked again later; an
// answer that is no translation is asked for again in halves. The key stays in the header of the requests.

import { failureReason } from '../../../collect/connection-failure.js';
import { retryAfterSeconds } from '../../../collect/retry-after.js';
import { UserError } from '../../../errors.js';
import { oneLine, quoted } from '../../../quote.js';
import type { Fetch } from '../../../weights/hub-fetch.js';
import { completionText, errorText, requestBody, translationsIn } from './endpoint-answer.js';
import { type Clock, type Direction, type Keep, type Translator, translatorFailed } from './translator.js';

export interface EndpointLimits {
  /** For one request. */
  readonly seconds: number;
  /** Seconds before each further attempt when the server is busy or the connection breaks. */
  readonly retrySeconds: readonly number[];
  /** The longest wait that a busy server may ask for. */
  readonly longestWait: number;
  /** Most texts and characters of a request. */
  readonly texts: number;
  readonly characters: number;
  /** Most requests at a time. */
  readonly requests: number;
  readonly answerBytes: number;
  /** The run stops after so many useless answers in a row, before the first useful one and after it. */
  readonly firstUseless: number;
  readonly laterUseless: number;
}

export const endpointLimits: EndpointLimits = {
  seconds: 300,
  retrySeconds: [1, 4, 15, 60],
  longestWait: 300,
  texts: 16,
  characters: 4000,
  requests: 4,
  answerBytes: 2 ** 22,
  firstUseless: 5,
  laterUseless: 50,
};

export interface EndpointOptions {
  /** Without name and password. `/chat/completions` is added unless it ends with it. */
  readonly url: URL;
  readonly model: string;
  readonly direction: Direction;
  /** Sent as a bearer token. Null if the server needs none. */
  readonly key: string | null;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly limits: EndpointLimits;
}

export function endpointTranslator(options: EndpointOptions): Translator {
  const endpoint = new Endpoint(options);
  const { url, model, direction } = options;
  return {
    name: url.href,
    identity: JSON.stringify([url.href, model, direction.from, direction.to]),
    translate: (texts, signal, keep) => endpoint.translate(texts, signal, keep),
    close: async () => {},
  };
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

/** The texts of one request. */
interface Part {
  /** The index of the first. */
  readonly start: number;
  readonly texts: string[];
}

/** Aborts with another signal, or earlier. */
class FollowingAbort {
  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  readonly abort = (): void => this.controller.abort();

  constructor(private readonly other: AbortSignal) {
    if (other.aborted) this.abort();
    other.addEventListener('abort', this.abort);
  }

  release(): void {
    this.other.removeEventListener('abort', this.abort);
  }
}

class Endpoint {
  private readonly address: URL;
  private useful = 0;
  private uselessInARow = 0;

  constructor(private readonly options: EndpointOptions) {
    const path = options.url.pathname.replace(/\/{1,20}$/, '');
    this.address = new URL(options.url);
    if (!path.endsWith('/chat/completions')) this.address.pathname = `${path}/chat/completions`;
  }

  async translate(texts: readonly string[], signal: AbortSignal, keep?: Keep): Promise<(string | null)[]> {
    const requests = this.requestsOf(texts);
    const answers: (string | null)[] = texts.map(() => null);
    // The first error ends the other requests too.
    const stop = new FollowingAbort(signal);
    let next = 0;
    const work = async () => {
      for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
        const answer = await this.translated(request.texts, stop.signal);
        for (const [index, text] of answer.entries()) {
          answers[request.start + index] = text;
          if (text !== null) keep?.(request.start + index, text);
        }
      }
    };
    const workers = Array.from({ length: this.options.limits.requests }, work);
    try {
      await Promise.all(workers);
    } catch (thrown) {
      stop.abort();
      await Promise.allSettled(workers);
      signal.throwIfAborted();
      throw thrown;
    } finally {
      stop.release();
    }
    return answers;
  }

  private requestsOf(texts: readonly string[]): Part[] {
    const { limits } = this.options;
    const requests: Part[] = [];
    let characters = 0;
    for (const [start, text] of texts.entries()) {
      const last = requests.at(-1);
      const fits = last && last.texts.length < limits.texts && characters + text.length <= limits.characters;
      if (fits) last.texts.push(text);
      else requests.push({ start, texts: [text] });
      characters = fits ? characters + text.length : text.length;
    }
    return requests;
  }

  private async translated(
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (string | null)[]> {
    if (texts.length === 0) return [];
    const answer = await this.answerTo(texts, signal);
    const content = completionText(answer);
    const translations = content === undefined ? undefined : translationsIn(content, texts.length);
    if (translations !== undefined) {
      this.useful++;
      this.uselessInARow = 0;
      return translations.map((text) => (text === '' ? null : text));
    }
    this.countUseless(content ?? answer);
    if (texts.length === 1) return [null];
    const half = Math.ceil(texts.length / 2);
    const first = await this.translated(texts.slice(0, half), signal);
    return [...first, ...(await this.translated(texts.slice(half), signal))];
  }

  private countUseless(answer: string): void {
    const { url, model, limits } = this.options;
    const most = this.useful === 0 ? limits.firstUseless : limits.laterUseless;
    if (++this.uselessInARow < most) return;
    throw translatorFailed(
      `${url.href} gave ${most} answers in a row that are no list of translations (the last begins with ${quoted(this.withoutKey(answer.trim()))}); check the address, or use a model that follows instructions better than ${quoted(model)}`,
    );
  }

  /** The body of a successful response. Asks again while the failure may pass. */
  private async answerTo(texts: readonly string[], signal: AbortSignal): Promise<string> {
    const { limits, clock, url } = this.options;
    const waits = [...limits.retrySeconds];
    for (;;) {
      try {
        return await this.attempt(texts, signal);
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof Passing)) throw thrown;
        const seconds = Math.max(waits.shift() ?? Number.POSITIVE_INFINITY, thrown.retryAfter);
        if (seconds > limits.longestWait)
          throw translatorFailed(
            `${url.href} does not translate (${thrown.message}); what is translated is kept, so run the same command again later`,
            thrown,
          );
        await clock.wait(seconds, signal);
      }
    }
  }

  private async attempt(texts: readonly string[], signal: AbortSignal): Promise<string> {
    const { key, fetch, clock, limits, model, direction } = this.options;
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
        body: requestBody(model, direction, texts),
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
    const { url, model, clock } = this.options;
    const said = oneLine(this.withoutKey(errorText(body)), 200);
    const reason = `status ${status}${said === '' ? '' : `: ${said}`}`;
    if ([408, 425, 429].includes(status) || status >= 500)
      return new Passing(reason, retryAfterSeconds(headers, clock.now()));
    if (status === 401 || status === 403)
      return translatorFailed(
        `${url.href} does not accept the request (${reason}); name the environment variable that holds its key`,
      );
    if (status >= 300 && status < 400)
      return translatorFailed(
        `${url.href} redirects to ${quoted(headers.get('location'))}; name that address instead`,
      );
    return translatorFailed(
      `${url.href} refuses the request (${reason}); check the address, which mostly ends with /v1, and the model ${quoted(model)}`,
    );
  }

  /** Servers quote what they were sent. */
  private withoutKey(text: string): string {
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
