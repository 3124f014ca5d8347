// Translates by a language model behind an OpenAI-compatible endpoint: chat completions of a service or of a program such as
// llama.cpp, vLLM or Ollama. The texts leave this machine if the endpoint is elsewhere. A busy server is asked again later; an
// answer that is no translation is asked for again in halves. The key stays in the header of the requests.

import {
  type Clock,
  FollowingAbort,
  OpenAIService,
  type ServiceLimits,
} from '../../../collect/openai-service.js';
import { quoted } from '../../../quote.js';
import type { Fetch } from '../../../weights/hub-fetch.js';
import { completionText, requestBody, translationsIn } from './endpoint-answer.js';
import { type Direction, type Keep, type Translator, translatorFailed } from './translator.js';

export interface EndpointLimits extends ServiceLimits {
  /** Most texts and characters of a request. */
  readonly texts: number;
  readonly characters: number;
  /** Most requests at a time. */
  readonly requests: number;
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

/** The texts of one request. */
interface Part {
  /** The index of the first. */
  readonly start: number;
  readonly texts: string[];
}

class Endpoint {
  private readonly service: OpenAIService;
  private useful = 0;
  private uselessInARow = 0;

  constructor(private readonly options: EndpointOptions) {
    this.service = new OpenAIService({
      ...options,
      path: '/chat/completions',
      purpose: 'translate',
      whenBusy: 'what is translated is kept, so run the same command again later',
      failed: translatorFailed,
    });
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
    const { model, direction } = this.options;
    const answer = await this.service.post(requestBody(model, direction, texts), signal);
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
      `${url.href} gave ${most} answers in a row that are no list of translations (the last begins with ${quoted(this.service.withoutKey(answer.trim()))}); check the address, or use a model that follows instructions better than ${quoted(model)}`,
    );
  }
}
