// A local HTTP proxy that sends every request to one server, regardless of the requested host. It forwards plain requests,
// and CONNECT opens a tunnel.

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';

export class FakeProxy {
  /** `METHOD target` of each request. */
  requests: string[] = [];
  authorizations = new Set<string | undefined>();
  /** If set, every request is refused with this status. */
  failure: number | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((incoming, response) => this.pass(incoming, response));

  /** @param target the port of the local server. */
  constructor(private readonly target: number) {
    this.server.on('connect', (incoming: IncomingMessage, socket: Socket) => this.tunnel(incoming, socket));
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  }

  private note({ method, url, headers }: IncomingMessage): void {
    this.requests.push(`${method} ${url}`);
    this.authorizations.add(headers['proxy-authorization']);
  }

  private pass(incoming: IncomingMessage, response: ServerResponse): void {
    this.note(incoming);
    if (this.failure !== undefined) return void response.writeHead(this.failure).end();
    const { pathname, search } = new URL(incoming.url ?? '');
    const { method, headers } = incoming;
    const options = { host: '127.0.0.1', port: this.target, path: pathname + search, method, headers };
    const onward = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  }

  private tunnel(incoming: IncomingMessage, socket: Socket): void {
    this.note(incoming);
    if (this.failure !== undefined) return void socket.end(`HTTP/1.1 ${this.failure} No\r\n\r\n`);
    const onward = connect(this.target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) {
      this.sockets.add(end);
      end.on('error', () => end.destroy());
    }
  }
}
