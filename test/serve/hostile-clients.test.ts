// Clients that hold connections: what they send slowly, or never, ends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, it } from 'node:test';
import { type OpenedService, openService } from './open-service.js';

let service: OpenedService;
let port = 0;
before(async () => {
  service = await openService(null, {}, null, { headers: 50, request: 100, check: 20 });
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  port = Number(new URL(`http://${service.app.listeningOrigin.replace(/^http:\/\//, '')}`).port);
});
after(() => service.app.close());

/** What the service says before it ends the connection. */
async function answerTo(first: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += String(data);
  });
  socket.on('error', () => {});
  socket.write(first);
  await once(socket, 'close');
  return heard;
}

it('ends connections whose headers do not come', async () => {
  assert.match(await answerTo('POST /chat HTTP/1.1\r\nHost: x\r\n'), /^HTTP\/1\.1 408 /);
});

it('ends connections whose body does not come', async () => {
  const head = 'POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{"text":';
  assert.match(await answerTo(head), /^HTTP\/1\.1 408 /);
});
