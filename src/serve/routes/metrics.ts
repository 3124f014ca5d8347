// GET /metrics, for Prometheus, and what is counted of every request.

import type { FastifyInstance } from 'fastify';
import type { Service } from '../service.js';

export function addMetricsRoute(app: FastifyInstance, { metrics }: Service): void {
  const schema = { tags: ['health'], summary: 'Counts and times, for Prometheus' };
  app.get('/metrics', { schema }, async (_, reply) => {
    const { type, text } = await metrics.page();
    return reply.header('content-type', type).send(text);
  });
}

/** Routes are counted by their patterns, so that nobody can make more of them. */
export function countRequests(app: FastifyInstance, { metrics }: Service): void {
  app.addHook('onRequest', async ({ routeOptions }, { raw }) => {
    raw.once('close', () => {
      if (!raw.writableFinished)
        metrics.count('client_disconnects_total', { route: routeOptions.url ?? 'unknown' });
    });
  });
  app.addHook('onResponse', async ({ routeOptions }, reply) => {
    const route = routeOptions.url ?? 'unknown';
    metrics.count('requests_total', { route, status: String(reply.statusCode) });
    metrics.observe('e2e_request_latency_seconds', { route }, reply.elapsedTime / 1000);
  });
}
