// An answer in pieces on a reply of fastify: server-sent events, or lines of JSON. It opens with the first piece, so what fails
// before has a status of its own. It does not know what the pieces say.

import type { FastifyReply } from 'fastify';

/** Proxies and clients give up a connection that is silent for long. */
const silence = 10_000;

export type StreamKind = 'events' | 'lines';

const contentTypes = {
  events: 'text/event-stream; charset=utf-8',
  lines: 'application/x-ndjson; charset=utf-8',
} as const satisfies Record<StreamKind, string>;

export class EventStream {
  private timer: NodeJS.Timeout | null = null;
  private isOpen = false;

  constructor(
    private readonly reply: FastifyReply,
    private readonly kind: StreamKind = 'events',
  ) {}

  /** Whether the status has been sent. */
  get opened(): boolean {
    return this.isOpen;
  }

  send(event: object): void {
    const json = JSON.stringify(event);
    this.write(this.kind === 'events' ? `data: ${json}\n\n` : `${json}\n`);
  }

  /** Ends server-sent events. @param last sent as it is, as the last event. */
  end(last = '[DONE]'): void {
    this.write(`data: ${last}\n\n`);
    this.close();
  }

  close(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.reply.raw.end();
  }

  private write(text: string): void {
    const { raw } = this.reply;
    if (!this.isOpen) {
      this.isOpen = true;
      this.reply.hijack();
      raw.writeHead(200, {
        ...Object.fromEntries(
          Object.entries(this.reply.getHeaders()).map(([name, value]) => [name, String(value)]),
        ),
        'content-type': contentTypes[this.kind],
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      if (this.kind === 'events') this.timer = setInterval(() => raw.write(': ping\n\n'), silence);
      raw.once('close', () => this.timer && clearInterval(this.timer));
    }
    raw.write(text);
    this.timer?.refresh();
  }
}

/** A signal that aborts when the other side has gone before the reply was complete. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  // `request.signal` aborts as soon as a POST body has been read.
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}
