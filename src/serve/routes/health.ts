// Whether the process lives, and whether it can answer.

import type { FastifyInstance } from 'fastify';
import type { Served, Service } from '../service.js';

/** A model that has not ended a pass for so long, although replies grow, hangs. In milliseconds. */
const longestPass = 60_000;

interface Health {
  readonly status: 'ready' | 'loading' | 'failed' | 'stopped' | 'stuck';
  readonly why?: string;
}

export function healthOf({ engine }: Served, now: number): Health {
  if (engine === null) return { status: 'ready' };
  const { state, load } = engine;
  switch (state.kind) {
    case 'loading':
      return { status: 'loading', why: state.progress };
    case 'failed':
      return { status: 'failed', why: state.why };
    case 'stopped':
      return { status: 'stopped' };
    case 'ready': {
      const since = load.running > 0 && load.lastPass !== null ? now - load.lastPass : 0;
      if (since <= longestPass) return { status: 'ready' };
      return {
        status: 'stuck',
        why: `no pass of the model has ended for ${Math.round(since / 1000)} seconds`,
      };
    }
  }
}

export function addHealthRoutes(app: FastifyInstance, { served, isStopping }: Service): void {
  const open = (summary: string) => ({
    schema: { tags: ['health'], summary },
    config: { isOpen: true } as const,
  });
  app.get('/health/live', open('Whether the process lives'), async () => ({ status: 'live' }));
  for (const path of ['/health/ready', '/health'])
    app.get(path, open('Whether the service can answer'), async (_, reply) => {
      const models = Object.fromEntries(served.map((one) => [one.name, healthOf(one, Date.now())]));
      const isReady = !isStopping() && Object.values(models).every(({ status }) => status === 'ready');
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', models });
    });
}
