// 100,000 bodies that nobody would send, to every route that takes one: no crash, and no status that says the service is to blame.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '../../src/random.js';
import { openService } from './open-service.js';
import { ScriptedEngine } from './scripted-engine.js';

const routes = [
  '/chat',
  '/v1/feedback',
  '/v1/chat/completions',
  '/v1/completions',
  '/api/chat',
  '/api/generate',
  '/api/show',
];
const keys = [
  ...[
    'text',
    'user',
    'conversation',
    'style',
    'replaces',
    'stream',
    'id',
    'rating',
    'comment',
    'better_reply',
  ],
  ...[
    'model',
    'name',
    'messages',
    'role',
    'content',
    'type',
    'prompt',
    'n',
    'seed',
    'stop',
    'temperature',
    'top_p',
  ],
  ...[
    'top_k',
    'min_p',
    'max_tokens',
    'logprobs',
    'logit_bias',
    'tools',
    'tool_choice',
    'options',
    'num_predict',
  ],
  ...[
    'raw',
    'images',
    'format',
    'stream_options',
    'include_usage',
    'response_format',
    '__proto__',
    'constructor',
    '',
  ],
];
const values = [
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    1e308,
    -1e308,
    2 ** 53,
    'shop',
    'shop:latest',
    'user',
    'assistant',
    'up',
    'text',
  ],
  ...[
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e',
    '{{7*7}}',
    "'; drop table turn; --",
    '../../etc/passwd',
    'x'.repeat(500),
    '你好',
    '🙂',
  ],
];
/** One after the other, so that a failure can be found again. */
const bodies = 100_000;

it('answers each of them', { timeout: 1_200_000 }, async () => {
  const { app, bugs } = await openService(
    null,
    {},
    new ScriptedEngine((prompt) => `I read ${prompt.length}.`),
  );
  const random = new Random(7);
  const pick = <Item>(items: readonly Item[]) => items[random.below(items.length)] as Item;
  const value = (depth: number): unknown => {
    const kind = depth > 3 ? 0 : random.below(6);
    if (kind === 1) return Array.from({ length: random.below(4) }, () => value(depth + 1));
    if (kind === 2) return object(depth + 1);
    return pick(values);
  };
  const object = (depth: number): object =>
    Object.fromEntries(Array.from({ length: random.below(6) }, () => [pick(keys), value(depth)]));
  /** Much of it right, so that what comes after the check is reached. */
  const nearly = (): object => ({
    ...pick<object>([
      { text: 'Hi' },
      { messages: [{ role: 'user', content: 'Hi' }], model: 'shop' },
      { prompt: 'Hi', model: 'shop' },
      { id: 'x', rating: 'up' },
    ]),
    ...object(1),
  });
  const bytes = () => Buffer.from(Array.from({ length: random.below(60) }, () => random.below(256)));
  const seen = new Map<number, number>();
  for (let count = 0; count < bodies; count++) {
    const url = pick(routes);
    const whole = JSON.stringify(random.below(2) === 0 ? nearly() : value(0)) ?? '';
    const kind = random.below(8);
    const payload =
      kind === 0 ? bytes() : kind === 1 ? whole.slice(0, random.below(whole.length + 1)) : whole;
    const headers = random.below(3) === 0 ? {} : { 'content-type': 'application/json' };
    const { statusCode } = await app.inject({ method: 'POST', url, payload, headers });
    seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
    assert.ok(statusCode < 500, `${url} ${statusCode} ${payload}`);
  }
  assert.deepEqual(bugs, []);
  // Both what is refused and what is answered was met.
  for (const status of [200, 400, 404, 422]) assert.ok((seen.get(status) ?? 0) > 100, `${status}`);
  await app.close();
});
