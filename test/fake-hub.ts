// A local server that imitates the parts of the Hugging Face hub that fetchModel uses, with one model `owner/name`: the
// commit of a revision, the list of files, and files with ranges. Tests can make it fail in various ways.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

/** The commit that every revision leads to. */
export const commit = 'c0ffee'.padEnd(40, '0');

export class FakeHub {
  files = new Map<string, Buffer>();
  /** `METHOD url range` of each request. */
  requests: string[] = [];
  authorizations = new Set<string | undefined>();
  /** If set, every request fails with this status. */
  failure: { status: number; code?: string } | undefined;
  /** One entry per response to a large file: the connection breaks after this many bytes. */
  breaks: number[] = [];
  /** If true, requests are accepted but never answered. */
  silent = false;
  private held: { response: ServerResponse; until: number } | undefined;
  ignoresRange = false;
  /** If set, large files redirect to this address. */
  redirectTo: string | undefined;
  corrupt: (bytes: Buffer) => Buffer = (bytes) => bytes;
  /** If set, replaces the list of files. */
  tree: ((page: number) => { body: string; next?: string }) | undefined;
  private pages = 0;
  private readonly server: Server;

  /** @param identity key and certificate for https; without it, the server uses http. */
  constructor(private readonly identity?: { readonly key: string; readonly cert: string }) {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.answer(request, response);
    this.server = identity ? createSecureServer(identity, answer) : createServer(answer);
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
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

  get endpoint(): string {
    return `${this.identity ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  fetched(name: string): string[] {
    return this.requests.filter((request) => request.includes(`/${name}`));
  }

  private entry([path, data]: [string, Buffer]): object {
    const oid = createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
    if (path.endsWith('.json') || path.endsWith('.txt'))
      return { type: 'file', path, size: data.length, oid };
    const sha256 = createHash('sha256').update(data).digest('hex');
    return {
      type: 'file',
      path,
      size: data.length,
      oid,
      lfs: { oid: sha256, size: data.length, pointerSize: 130 },
    };
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    this.requests.push(`${url} ${request.headers.range ?? ''}`.trim());
    this.authorizations.add(request.headers.authorization);
    if (this.silent) return;
    if (this.failure !== undefined) {
      response.writeHead(this.failure.status, this.failure.code ? { 'x-error-code': this.failure.code } : {});
      response.end('{"error":"no"}');
    } else if (url.startsWith('/api/models/owner/name/revision/')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ _id: '1', id: 'owner/name', sha: commit, lastModified: '2020-01-01' }));
    } else if (url.startsWith(`/api/models/owner/name/tree/${commit}`)) {
      response.setHeader('content-type', 'application/json');
      if (this.tree !== undefined) {
        const { body, next } = this.tree(this.pages++);
        if (next !== undefined) response.setHeader('link', `<${next}>; rel="next"`);
        return void response.end(body);
      }
      const folder = { type: 'directory', path: 'onnx', size: 0, oid: commit };
      response.end(JSON.stringify([folder, ...[...this.files].map((file) => this.entry(file))]));
    } else this.serve(url, request.headers.range, response);
  }

  private serve(url: string, range: string | undefined, response: ServerResponse): void {
    const name = url.split(`/resolve/${commit}/`)[1] ?? url.split('/').at(-1) ?? '';
    const data = this.files.get(name);
    if (data === undefined) return void response.writeHead(404).end();
    const large = !/\.(json|txt)$/.test(name);
    if (large && this.redirectTo !== undefined)
      return void response.writeHead(302, { location: `${this.redirectTo}/${name}` }).end();
    const start = this.ignoresRange ? 0 : Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const bytes = this.corrupt(data).subarray(start);
    if (start > 0) response.setHeader('content-range', `bytes ${start}-${data.length - 1}/${data.length}`);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length });
    const stop = large ? this.breaks.shift() : undefined;
    if (stop === undefined) return void response.end(bytes);
    response.write(bytes.subarray(0, stop));
    this.held = { response, until: start + stop };
    this.came(start);
  }

  /** Tells the server that the client has stored `received` bytes. Breaking the connection earlier could lose some. */
  came(received: number): void {
    if (this.held === undefined || received < this.held.until) return;
    this.held.response.destroy();
    this.held = undefined;
  }
}
