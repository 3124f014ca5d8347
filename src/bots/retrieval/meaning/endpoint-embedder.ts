// Vectors from an OpenAI-compatible service: a company's, or llama.cpp, vLLM or Ollama on this machine. The texts leave this
// machine if the service is elsewhere.

import {
  type Clock,
  OpenAIService,
  parsedAnswer,
  type ServiceLimits,
} from '../../../collect/openai-service.js';
import { isRecord } from '../../../objects.js';
import { quoted } from '../../../quote.js';
import type { Fetch } from '../../../weights/hub-fetch.js';
import { type Embedder, embedderFailed, ofLengthOne, Width, widest } from './embedder.js';

export interface EmbeddingLimits extends ServiceLimits {
  /** Most texts of a request. */
  readonly texts: number;
}

export const embeddingLimits: EmbeddingLimits = {
  seconds: 60,
  retrySeconds: [1, 4, 15, 60],
  longestWait: 120,
  answerBytes: 2 ** 26,
  texts: 64,
};

export interface EndpointEmbedderOptions {
  /** `/embeddings` is added unless it ends with it. */
  readonly url: URL;
  readonly model: string;
  /** Sent as a bearer token. Null if the server needs none. */
  readonly key: string | null;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly limits?: Partial<EmbeddingLimits>;
}

export function endpointEmbedder(options: EndpointEmbedderOptions): Embedder {
  const { url, model } = options;
  const limits = { ...embeddingLimits, ...options.limits };
  const service = new OpenAIService({
    ...options,
    limits,
    path: '/embeddings',
    purpose: 'give vectors',
    whenBusy: 'try again later',
    failed: embedderFailed,
  });
  const width = new Width();
  const ask = async (texts: readonly string[], signal: AbortSignal) => {
    const answer = await service.post(
      JSON.stringify({ model, input: texts, encoding_format: 'float' }),
      signal,
    );
    const vectors = vectorsIn(answer);
    if (vectors === null)
      throw embedderFailed(
        `${url.href} gave an answer that is no list of vectors (it begins with ${quoted(service.withoutKey(answer.trim().slice(0, 200)))}); check the address, which mostly ends with /v1, and that ${quoted(model)} is a model for embeddings`,
      );
    if (vectors.length !== texts.length)
      throw embedderFailed(
        `${url.href} gave ${vectors.length} vectors for ${texts.length} texts; use another service or model`,
      );
    return vectors.map((values) => {
      const vector = values.length <= widest ? ofLengthOne(values) : null;
      if (vector === null)
        throw embedderFailed(
          `${url.href} gave a vector that is empty, zero, too long, or has something in it that is no number; use another model than ${quoted(model)}`,
        );
      width.hold(vector, url.href);
      return vector;
    });
  };
  return {
    name: `${url.href} (${model})`,
    identity: JSON.stringify(['endpoint', url.href, model]),
    embed: async (texts, signal) => {
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += limits.texts)
        vectors.push(...(await ask(texts.slice(from, from + limits.texts), signal)));
      return vectors;
    },
    close: async () => {},
  };
}

/** In the order of the texts, which each vector may name. Null if it is something else. */
function vectorsIn(body: string): readonly (readonly unknown[])[] | null {
  const answer = parsedAnswer(body);
  const data: unknown = isRecord(answer) ? answer.data : undefined;
  if (!Array.isArray(data)) return null;
  const vectors: (readonly unknown[])[] = [];
  for (const [place, item] of data.entries()) {
    if (!isRecord(item) || !Array.isArray(item.embedding)) return null;
    const index = item.index ?? place;
    const isFree = typeof index === 'number' && index in data && !(index in vectors);
    if (!isFree) return null;
    vectors[index] = item.embedding;
  }
  return vectors;
}
