// /metrics at a port of its own, for services whose address everybody may reach. It answers nothing else.

import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.js';

/** @returns once it listens. */
export function listenForMetrics(metrics: Metrics, host: string, port: number): Promise<Server> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.page().then(
      ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
