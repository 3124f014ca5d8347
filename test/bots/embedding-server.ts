// For tests: a service with the embeddings of an OpenAI-compatible one. Words of like meaning have like vectors. What it does with
// the next requests can be planned.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { isRecord } from '../../src/objects.js';

export interface EmbeddingRequest {
  readonly texts: readonly string[];
  readonly url: string;
  readonly model: unknown;
  readonly headers: IncomingHttpHeaders;
}

export type Plan = (response: ServerResponse, texts: readonly string[]) => void;

const groups = [
  ['deliver', 'delivery', 'bring', 'parcel'],
  ['sundays', 'sunday', 'weekend'],
  ['order', 'purchase'],
  ['where', 'find'],
  ['money', 'refund'],
  ['运', '费', '邮'],
];
const small = new Set(['do', 'you', 'on', 'the', 'at', 'my', 'can', 'i', 'get', 'is', 'a', 'to']);
const hashed = 211;
const width = groups.length + hashed;

/** Not of length 1. */
export function vectorOf(text: string): number[] {
  const vector = Array<number>(width).fill(0.001);
  for (const word of text.toLowerCase().match(/\p{Script=Han}|[\p{L}\p{N}]+/gu) ?? []) {
    if (small.has(word)) continue;
    const group = groups.findIndex((words) => words.includes(word));
    const hash = [...word].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % hashed, 7);
    const place = group >= 0 ? group : groups.length + hash;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}

export const answers =
  (change: (data: { index: number; embedding: unknown }[]) => unknown[] = (data) => data): Plan =>
  (response, texts) => {
    const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }));
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ object: 'list', data: change(data) }));
  };

export const fails =
  (status: number, body = '', headers: Record<string, string> = {}): Plan =>
  (response) =>
    response.writeHead(status, headers).end(body);

export class EmbeddingServer {
  /** For the next requests, in order; afterwards `always`. */
  plans: Plan[] = [];
  always: Plan = answers();
  requests: EmbeddingRequest[] = [];
  private readonly server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const sent: unknown = JSON.parse(body);
      const { input, model } = isRecord(sent) ? sent : {};
      const texts: readonly string[] = Array.isArray(input) ? input.map(String) : [];
      this.requests.push({ texts, model, url: request.url ?? '', headers: request.headers });
      (this.plans.shift() ?? this.always)(response, texts);
    });
  });

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): URL {
    const address = this.server.address();
    return new URL(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
