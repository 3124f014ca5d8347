// A service in this process, with a scripted bot or engine, for tests of its routes.

import type { FastifyInstance } from 'fastify';
import type { Answer, Bot } from '../../src/bots/bot.js';
import { openBot } from '../../src/bots/open-bot.js';
import { MemoryStore } from '../../src/bots/store/memory-store.js';
import { defaultSettings } from '../../src/generate/settings.js';
import { buildApp, type Timeouts } from '../../src/serve/app.js';
import type { Engine } from '../../src/serve/engine/engine.js';
import { EngineBot } from '../../src/serve/engine-bot.js';
import { Metrics } from '../../src/serve/metrics.js';
import type { Service } from '../../src/serve/service.js';
import { Talks } from '../../src/serve/talks.js';

export interface OpenedService {
  readonly app: FastifyInstance;
  readonly store: MemoryStore;
  /** What was reported. */
  readonly bugs: unknown[];
  post(
    url: string,
    body: object | string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Record<string, unknown>; text: string }>;
}

/** @param engine answers alone, if there is no bot. */
export async function openService(
  bot: Bot | null,
  more: Partial<Service> = {},
  engine: Engine | null = null,
  timeouts?: Timeouts,
): Promise<OpenedService> {
  const store = new MemoryStore();
  const answering =
    bot ??
    (await openBot({ store: null, file: null }, { model: engine && new EngineBot(engine), isStrict: true }))
      .bot;
  const metrics = more.metrics ?? new Metrics();
  const talks = new Talks('shop', answering, store, {
    ...{ settings: defaultSettings, learning: 'queue' },
    onReply: (source) => metrics.count('replies_total', { model: 'shop', source }),
  });
  const bugs: unknown[] = [];
  const service: Service = {
    served: [{ name: 'shop', talks, engine, since: 1 }],
    ...{ keys: null, origins: [], embedders: [], hosts: null, maxText: 100, isStopping: () => false },
    ...{ perMinute: null, metrics, hidden: new Set<'docs' | 'metrics'>() },
    report: (thrown) => bugs.push(thrown),
    ...more,
  };
  const app = await buildApp(service, timeouts);
  const post: OpenedService['post'] = async (url, body, headers = {}) => {
    const answer = await app.inject({
      ...{ method: 'POST', url, payload: typeof body === 'string' ? body : JSON.stringify(body) },
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body };
  };
  return { app, store, bugs, post };
}

export function said(text: string, source = 'rules: echo'): Answer {
  const rest = { replyId: null, generated: null, why: 'scripted', near: [], visits: [], milliseconds: 1 };
  return { kind: 'said', text, source, score: 1, ...rest };
}

/** The data of server-sent events. */
export function eventsIn(text: string): unknown[] {
  const data = text.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []));
  return data.map((one) => (one === '[DONE]' ? one : JSON.parse(one)));
}
