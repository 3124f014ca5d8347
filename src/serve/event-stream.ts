// Server-sent events on a reply of fastify. It opens with the first event, so what fails before has a status of its own. It does
// not know what the events say.

import type { FastifyReply } from 'fastify';

/** Proxies and clients give up a connection that is silent for long. */
const silence = 10_000;

export class EventStream {
  private timer: NodeJS.Timeout | null = null;
  private isOpen = false;

  constructor(private readonly reply: FastifyReply) {}

  /** Whether the status has been sent. */
  get opened(): boolean {
    return this.isOpen;
  }

  send(event: object): void {
    this.write(`data: ${JSON.stringify(event)}\n\n`);
  }

  /** @param last sent as it is, as the last event. */
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
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      this.timer = setInterval(() => raw.write(': ping\n\n'), silence);
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
