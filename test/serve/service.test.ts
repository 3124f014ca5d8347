// The service without a port: its routes, their statuses and bodies, and what it keeps of conversations.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Bot } from '../../src/bots/bot.js';
import { UserError } from '../../src/errors.js';
import type { Engine, EngineState } from '../../src/serve/engine/engine.js';
import { Refusal } from '../../src/serve/engine/refusal.js';
import { apiKey } from '../../src/serve/limits.js';
import { Metrics } from '../../src/serve/metrics.js';
import type { Service } from '../../src/serve/service.js';
import { eventsIn, openService, said } from './open-service.js';
import { ScriptedEngine } from './scripted-engine.js';

const apps: FastifyInstance[] = [];
after(async () => {
  for (const app of apps) await app.close();
});

/** Says all turns, and how many answers were rejected; some messages mean something else. */
const echo: Bot = {
  name: 'echo',
  close: async () => {},
  async answer({ turns, rejected = [] }, show) {
    const text = turns.at(-1) ?? '';
    if (text === 'busy') throw new Refusal('queue-full', 'too many wait; try again later', 3);
    if (text === 'bug') throw new TypeError('a secret detail');
    if (text === 'long') throw new UserError('message-too-long', 'the message is too long; shorten it');
    if (text === 'who knows') return said('I do not know', 'fallback');
    const pieces = [`${turns.join('/')}`, ` (${rejected.length})`];
    for (const piece of pieces) show(piece);
    if (text === 'breaks') throw new UserError('model-diverged', 'the output is not a number');
    return said(pieces.join(''));
  },
};

async function opened(more: Partial<Service> = {}, engine: Engine | null = null) {
  const service = await openService(echo, more, engine);
  apps.push(service.app);
  const chat = async (body: object) => JSON.parse((await service.post('/chat', body)).text);
  return { ...service, chat };
}

describe('POST /chat', () => {
  it('answers, and goes on with a conversation of the same user only', async () => {
    const { chat, post } = await opened();
    const first = await chat({ text: 'Hi', user: 'ann' });
    assert.deepEqual(Object.keys(first), ['response', 'id', 'conversation', 'source', 'model']);
    assert.deepEqual([first.response, first.source, first.model], ['Hi (0)', 'rules: echo', 'shop']);
    const { conversation } = first;
    assert.equal((await chat({ text: 'Bye', user: 'ann', conversation })).response, 'Hi/Hi (0)/Bye (0)');
    for (const user of [undefined, 'bob'])
      assert.equal((await post('/chat', { text: 'Bye', user, conversation })).status, 404);
    assert.equal((await post('/chat', { text: 'x', conversation: 'nonsense' })).status, 404);
  });

  it('puts a reply in the place of another', async () => {
    const { chat, post, store } = await opened();
    const { conversation, id } = await chat({ text: 'Hi' });
    const again = await chat({ text: 'Hi', conversation, replaces: id });
    assert.equal(again.response, 'Hi (1)');
    const third = await chat({ text: 'Hi', conversation, replaces: again.id });
    assert.equal(third.response, 'Hi (2)');
    const edited = await chat({ text: 'Good evening', conversation, replaces: third.id });
    assert.equal(edited.response, 'Good evening (0)');
    assert.deepEqual(
      (await store.conversation(conversation, 10))?.turns.map(({ text }) => text),
      ['Good evening', 'Good evening (0)'],
    );
    assert.equal((await post('/chat', { text: 'Hi', conversation, replaces: id })).status, 404);
  });

  it('answers messages of one conversation one after another, in their order', async () => {
    const { chat, store } = await opened();
    const { conversation } = await chat({ text: '0' });
    await Promise.all(['1', '2', '3'].map((text) => chat({ text, conversation })));
    const turns = (await store.conversation(conversation, 10))?.turns ?? [];
    assert.deepEqual(
      turns.flatMap(({ speaker, text }) => (speaker === 'user' ? text : [])),
      ['0', '1', '2', '3'],
    );
  });

  it('streams the ids, the pieces and the whole', async () => {
    const { post } = await opened();
    const { text, headers, status } = await post('/chat', { text: 'Hi', stream: true });
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/event-stream/);
    const events = eventsIn(text);
    const [ids, , , whole] = events as [{ id: string; conversation: string }, unknown, unknown, object];
    assert.deepEqual(events.slice(1, 3), [{ piece: 'Hi' }, { piece: ' (0)' }]);
    assert.deepEqual(whole, { response: 'Hi (0)', ...ids, source: 'rules: echo', model: 'shop' });
    assert.equal(events.at(-1), '[DONE]');
  });

  it('has a status for what fails before the first piece, and an event for what fails after it', async () => {
    const { post, bugs, store } = await opened();
    for (const stream of [false, true]) {
      const busy = await post('/chat', { text: 'busy', stream });
      assert.deepEqual([busy.status, busy.headers['retry-after']], [429, '3']);
      assert.match(JSON.parse(busy.text).detail, /^too many wait/);
      assert.equal((await post('/chat', { text: 'long', stream })).status, 400);
    }
    const broken = eventsIn((await post('/chat', { text: 'breaks', stream: true })).text);
    assert.deepEqual(broken.at(-1), {
      error: {
        message: 'the output is not a number',
        type: 'server_error',
        param: null,
        code: 'model-diverged',
      },
    });
    const bug = await post('/chat', { text: 'bug' });
    assert.equal(bug.status, 500);
    assert.ok(!bug.text.includes('secret'));
    assert.equal(bugs.length, 1);
    // What failed leaves no conversation behind.
    assert.equal((await store.counts()).conversations, 0);
  });

  it('words a wrong body as FastAPI does, and takes JSON of any type', async () => {
    const { post } = await opened();
    const wrong: [body: object | string, status: number, where: unknown][] = [
      [{}, 422, ['body', 'text']],
      [{ text: 5 }, 422, ['body', 'text']],
      [{ text: '' }, 422, ['body', 'text']],
      [{ text: 'x'.repeat(101) }, 422, ['body', 'text']],
      [{ text: 'x', conversation: 7 }, 422, ['body', 'conversation']],
      ['[]', 422, ['body']],
    ];
    for (const [body, status, where] of wrong) {
      const answer = await post('/chat', body);
      assert.equal(answer.status, status, JSON.stringify(body));
      const [first] = JSON.parse(answer.text).detail;
      assert.deepEqual(first.loc, where);
      assert.ok(first.msg && first.type);
    }
    assert.equal((await post('/chat', '{bad')).status, 400);
    assert.equal((await post('/chat', { text: '   ' })).status, 400);
    assert.equal((await post('/chat', { text: 'x'.repeat(70_000) })).status, 413);
    const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await post('/chat', { text: 'Hi', unknown: 1 }, asForm)).status, 200);
  });
});

it('takes feedback for a reply, of which the last counts, and queues it for review', async () => {
  const { chat, post, store } = await opened();
  const { id } = await chat({ text: 'Hi' });
  assert.equal((await post('/v1/feedback', { id, rating: 'up' })).status, 200);
  assert.equal((await post('/v1/feedback', { id, rating: 1, better_reply: 'Good morning!' })).status, 200);
  assert.deepEqual(
    (await store.waiting(10)).map(({ question, reason, proposed }) => [question, reason, proposed]).sort(),
    [
      ['Hi', 'corrected', 'Good morning!'],
      ['Hi', 'disliked', null],
    ],
  );
  assert.equal((await post('/v1/feedback', { id: 'other', rating: 'up' })).status, 404);
  assert.equal((await post('/v1/feedback', { id, rating: 6 })).status, 422);
  await chat({ text: 'who knows' });
  assert.ok((await store.waiting(10)).some(({ reason }) => reason === 'unanswered'));
});

describe('who may ask', () => {
  it('needs a key for everything but the page and the health', async () => {
    const { app, post } = await opened({ keys: ['one', 'two@3'].map(apiKey) });
    for (const key of ['', 'Bearer three', 'Basic one'])
      assert.equal((await post('/chat', { text: 'Hi' }, { authorization: key })).status, 401);
    assert.equal((await post('/chat', { text: 'Hi' }, { authorization: 'Bearer two' })).status, 200);
    const statusOf = async (url: string) => (await app.inject({ url })).statusCode;
    // However the address is spelt.
    for (const url of [
      '/v1/models',
      '/%76%31/models',
      '/v1/models?x',
      '/docs/',
      '/%64ocs/',
      '/openapi.json',
      '/metrics',
    ])
      assert.equal(await statusOf(url), 401, url);
    for (const url of ['/', '/page.js', '/health/live', '/health/ready'])
      assert.equal(await statusOf(url), 200);
  });

  it('may ask so often, by its key or its address', async () => {
    const hi = { text: 'Hi' };
    const { post } = await opened({ keys: ['one', 'two@2'].map(apiKey), perMinute: 1 });
    const statuses: number[] = [];
    for (const key of ['one', 'one', 'two', 'two', 'two'])
      statuses.push((await post('/chat', hi, { authorization: `Bearer ${key}` })).status);
    assert.deepEqual(statuses, [200, 429, 200, 200, 429]);
    const open = await opened({ perMinute: 1 });
    await open.post('/chat', hi);
    const refused = await open.post('/v1/chat/completions', {});
    assert.deepEqual([refused.status, JSON.parse(refused.text).error.code], [429, 'asked_too_often']);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    // The health is always told.
    assert.equal((await open.app.inject({ url: '/health/live' })).statusCode, 200);
  });

  it('is not reached under foreign names, nor from foreign pages', async () => {
    const { app } = await opened({ hosts: new Set(['localhost']), origins: ['https://shop.example'] });
    const get = (headers: Record<string, string>) => app.inject({ url: '/health/live', headers });
    assert.equal((await get({ host: 'localhost:8000' })).statusCode, 200);
    assert.equal((await get({ host: 'evil.example' })).statusCode, 403);
    const headerOf = async (origin: string) =>
      (await get({ host: 'localhost', origin })).headers['access-control-allow-origin'];
    assert.equal(await headerOf('https://shop.example'), 'https://shop.example');
    assert.equal(await headerOf('https://evil.example'), undefined);
  });
});

it('counts requests by their routes, replies by what they come from, and refusals', async () => {
  const { app, post, chat } = await opened();
  await chat({ text: 'Hi' });
  await chat({ text: 'who knows' });
  await post('/chat', { text: 'busy' });
  await app.inject({ url: '/nowhere/7' });
  const page = await app.inject({ url: '/metrics' });
  assert.match(String(page.headers['content-type']), /^text\/plain/);
  for (const line of [
    'chatbot_requests_total{route="/chat",status="200"} 2',
    'chatbot_requests_total{route="/chat",status="429"} 1',
    'chatbot_requests_total{route="unknown",status="404"} 1',
    'chatbot_replies_total{model="shop",source="rules"} 1',
    'chatbot_replies_total{model="shop",source="fallback"} 1',
    'chatbot_request_rejected_total{reason="queue-full"} 1',
    'chatbot_e2e_request_latency_seconds_count{route="/chat"} 3',
  ])
    assert.ok(page.body.includes(line), line);
  assert.ok(!page.body.includes('nowhere'));
});

it('measures the engine', async () => {
  const metrics = new Metrics();
  const engine = metrics.measured('shop', new ScriptedEngine(() => 'I am well.'));
  const { app, post } = await openService(null, { metrics }, engine);
  apps.push(app);
  assert.equal((await post('/chat', { text: 'How are you?' })).status, 200);
  const { body } = await app.inject({ url: '/metrics' });
  for (const line of [
    'chatbot_generation_tokens_total{model="shop"} 10',
    'chatbot_prompt_tokens_total{model="shop"} 13',
    'chatbot_prefix_cache_hits_total{model="shop"} 3',
    'chatbot_request_success_total{model="shop",reason="stop"} 1',
    'chatbot_time_to_first_token_seconds_count{model="shop"} 1',
    'chatbot_inter_token_latency_seconds_count{model="shop"} 9',
    'chatbot_model_ready{model="shop"} 1',
  ])
    assert.ok(body.includes(line), line);
});

it('offers its description and its metrics only where it should', async () => {
  const { app } = await opened({ hidden: new Set(['docs', 'metrics']) });
  for (const url of ['/docs', '/openapi.json', '/metrics'])
    assert.equal((await app.inject({ url })).statusCode, 404);
});

describe('health', () => {
  const engineIn = (state: EngineState, running = 0, lastPass: number | null = null): Engine => {
    const unused = () => Promise.reject(new Error('unused'));
    return {
      ...{ label: 'm', state, load: { waiting: 0, running, slots: 1, lastPass } },
      ...{ ready: unused, generate: unused, score: unused, drain: unused, close: unused },
    };
  };
  const states: [engine: Engine | null, status: number, word: string][] = [
    [null, 200, 'ready'],
    [engineIn({ kind: 'ready' }), 200, 'ready'],
    [engineIn({ kind: 'ready' }, 1, Date.now()), 200, 'ready'],
    [engineIn({ kind: 'ready' }, 1, Date.now() - 120_000), 503, 'stuck'],
    [engineIn({ kind: 'loading', progress: 'loading the model' }), 503, 'loading'],
    [engineIn({ kind: 'failed', why: 'no such folder' }), 503, 'failed'],
  ];
  for (const [engine, status, word] of states)
    it(`says ${word} with status ${status}`, async () => {
      const { app } = await opened({}, engine);
      assert.equal((await app.inject({ url: '/health/live' })).statusCode, 200);
      const ready = await app.inject({ url: '/health/ready' });
      assert.equal(ready.statusCode, status);
      assert.equal(ready.json().models.shop.status, word);
    });
});

it('describes itself, and serves its page with a strict policy', async () => {
  const { app } = await opened();
  const described = (await app.inject({ url: '/openapi.json' })).json();
  assert.deepEqual(
    ['/chat', '/v1/feedback', '/v1/models', '/health/ready'].filter((path) => !(path in described.paths)),
    [],
  );
  assert.equal((await app.inject({ url: '/docs/' })).statusCode, 200);
  const page = await app.inject({ url: '/', headers: { 'accept-encoding': 'gzip' } });
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
  assert.equal(page.headers['content-encoding'], 'gzip');
  const etag = String(page.headers.etag);
  assert.equal((await app.inject({ url: '/', headers: { 'if-none-match': etag } })).statusCode, 304);
  assert.equal((await app.inject({ url: '/../package.json' })).statusCode, 404);
  assert.equal((await app.inject({ url: '/v1/models' })).json().data[0].id, 'shop');
  assert.equal((await app.inject({ url: '/v1/models/shop' })).statusCode, 200);
  assert.equal((await app.inject({ url: '/v1/models/other' })).statusCode, 404);
});
