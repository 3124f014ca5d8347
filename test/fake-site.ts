// A local web site for tests of programs that fetch pages. Each path answers as it is told, also badly.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Answer {
  readonly body?: string | Uint8Array;
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body, an answer, or a function that writes one. */
export type Page = string | Answer | ((request: IncomingMessage, response: ServerResponse) => void);

export class FakeSite {
  readonly pages = new Map<string, Page>();
  /** Answers paths that are not in `pages`. */
  otherwise: (path: string) => Page = () => ({ status: 404, body: 'not here' });
  /** `path` of each request, in order. */
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  private readonly server: Server = createServer((request, response) => this.answer(request, response));

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push(path);
    this.headers.push(request.headers);
    const page = this.pages.get(path) ?? this.otherwise(path);
    if (typeof page === 'function') {
      page(request, response);
      return;
    }
    const {
      body = '',
      status = 200,
      type = 'text/html; charset=utf-8',
      headers = {},
    } = typeof page === 'string' ? { body: page } : page;
    response.writeHead(status, { 'content-type': type, ...headers }).end(body);
  }
}
