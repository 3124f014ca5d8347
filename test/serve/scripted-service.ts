// A service for tests of the chat page: the page's own files and headers, and replies that the test scripts.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ChatRequest, Feedback } from '../../src/serve/chat-protocol.js';
import { pageHeaders, readPageFiles } from '../../src/serve/page-files.js';

export interface Exchange {
  readonly request: ChatRequest;
  readonly key: string | null;
  /** Sends an event; text as it is. */
  send(event: object | string): void;
  /** Ends the stream. */
  end(): void;
  /** Breaks the connection. */
  cut(): void;
  /** Resolves when the other side has gone. */
  readonly gone: Promise<unknown>;
}

export class ScriptedService {
  readonly exchanges: Exchange[] = [];
  readonly feedback: Feedback[] = [];
  /** Answers each message as soon as it comes; null: the test does. */
  answer: ((exchange: Exchange, number: number) => void) | null = echo;
  /** If set, requests without it are refused. */
  key: string | null = null;
  /** Other pages than the chat's, by path: a site that has the widget. */
  readonly pages = new Map<string, string>();
  private waiting: ((exchange: Exchange) => void)[] = [];

  private constructor(
    readonly address: string,
    readonly close: () => Promise<void>,
  ) {}

  static async start(embedders: readonly string[] = []): Promise<ScriptedService> {
    const files = await readPageFiles();
    const server = createServer((request, response) => {
      const site = service.pages.get(request.url ?? '');
      if (site !== undefined) return void response.writeHead(200, { 'content-type': 'text/html' }).end(site);
      const file = files.get(request.url ?? '');
      if (!file) return void service.take(request, response);
      response.writeHead(200, { 'content-type': file.type, ...pageHeaders(embedders) }).end(file.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const close = async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    const service = new ScriptedService(`http://127.0.0.1:${port}`, close);
    return service;
  }

  /** The next message that comes. */
  next(): Promise<Exchange> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = request.headers.authorization?.replace('Bearer ', '') ?? null;
    if (this.key !== null && key !== this.key) {
      response.writeHead(401).end('{"error":{"message":"wrong key"}}');
      return;
    }
    if (request.url === '/v1/models') {
      response.writeHead(200).end('{"data":[{"id":"paper-lantern"}]}');
      return;
    }
    if (request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    const body = await json(request);
    if (request.url === '/v1/feedback') {
      this.feedback.push(body as Feedback);
      response.writeHead(200).end('{}');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const exchange: Exchange = {
      request: body as ChatRequest,
      key,
      send: (event) => {
        response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
      },
      end: () => {
        response.end();
      },
      cut: () => {
        response.destroy();
      },
      gone: once(response, 'close'),
    };
    this.exchanges.push(exchange);
    this.waiting.shift()?.(exchange);
    this.answer?.(exchange, this.exchanges.length);
  }
}

/** `you said: ...`, in two pieces. */
export function echo({ request, send, end }: Exchange, number: number): void {
  const ids = { id: `reply-${number}`, conversation: request.conversation ?? 'talk-1' };
  send(ids);
  send({ piece: 'you said: ' });
  send({ piece: request.text });
  send({ response: `you said: ${request.text}`, ...ids, source: 'rules: echo', model: 'paper-lantern' });
  send('[DONE]');
  end();
}
