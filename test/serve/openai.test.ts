// OpenAI's and Ollama's APIs: what unmodified clients get from the service, and what is refused before a reply begins.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { UserError } from '../../src/errors.js';
import { Refusal } from '../../src/serve/engine/refusal.js';
import { apiKey } from '../../src/serve/limits.js';
import { eventsIn, type OpenedService, openService } from './open-service.js';
import { ScriptedEngine } from './scripted-engine.js';

/** Says how long the prompt is, so that the message is in the reply. */
const makeEngine = () => new ScriptedEngine((prompt) => `I have read ${prompt.length} letters.`);
let engine = makeEngine();
let service: OpenedService;
let address = '';
let openai: OpenAI;
before(async () => {
  engine = makeEngine();
  service = await openService(null, { keys: [apiKey('secret')] }, engine);
  address = await service.app.listen({ host: '127.0.0.1', port: 0 });
  openai = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'secret', maxRetries: 0 });
});
after(() => service.app.close());
beforeEach(() => {
  engine.failure = null;
  engine.lateFailure = null;
  engine.state = { kind: 'ready' };
  engine.pause = Promise.resolve();
});

const user = (content: string) => ({ role: 'user' as const, content });
const auth = { authorization: 'Bearer secret' };
const complete = async (body: object) => {
  const answer = await service.post('/v1/chat/completions', { messages: [user('Hello')], ...body }, auth);
  return { ...answer, json: answer.text.startsWith('{') ? JSON.parse(answer.text) : null };
};

describe('the client of OpenAI', () => {
  it('lists models and completes a chat', async () => {
    assert.equal((await openai.models.list()).data[0]?.id, 'shop');
    const made = await openai.chat.completions.create({
      ...{ model: 'shop', temperature: 0, max_completion_tokens: 6, seed: 3, stop: ['x'] },
      messages: [
        { role: 'system', content: 'Be kind.' },
        user('Hi'),
        { role: 'assistant', content: 'Hey' },
        user('Bye'),
      ],
    });
    assert.equal(made.object, 'chat.completion');
    assert.deepEqual(made.choices[0]?.message, { role: 'assistant', content: 'I have', refusal: null });
    assert.equal(made.choices[0]?.finish_reason, 'length');
    // Hi, Hey and Bye, and the end of each.
    assert.deepEqual(made.usage, {
      ...{ prompt_tokens: 11, completion_tokens: 6, total_tokens: 17 },
      prompt_tokens_details: { cached_tokens: 3 },
    });
    const { settings } = engine.jobs.at(-1) ?? assert.fail();
    assert.deepEqual([settings.doSample, settings.seed, settings.stop], [false, 3, ['x']]);
  });

  it('streams several choices, with the usage at the end', async () => {
    const texts = ['', ''];
    let usage: OpenAI.CompletionUsage | null | undefined;
    const stream = await openai.chat.completions.create({
      ...{ model: 'shop', n: 2, stream: true, stream_options: { include_usage: true } },
      messages: [user('Hello there')],
    });
    for await (const { choices, usage: sum } of stream) {
      for (const { index, delta } of choices) texts[index] += delta.content ?? '';
      usage = sum;
    }
    assert.deepEqual(texts, ['I have read 11 letters.', 'I have read 11 letters.']);
    assert.equal(usage?.completion_tokens, 46);
  });

  it('continues a text', async () => {
    const made = await openai.completions.create({ model: 'shop', prompt: 'Once', max_tokens: 9 });
    assert.deepEqual([made.choices[0]?.text, made.usage?.prompt_tokens], ['I have re', 4]);
    const stream = await openai.completions.create({ model: 'shop', prompt: 'Once', stream: true });
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.text ?? '';
    assert.equal(text, 'I have read 4 letters.');
  });

  it('throws its own errors', async () => {
    const ask = () => openai.chat.completions.create({ model: 'shop', messages: [user('Hi')] });
    const other = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await assert.rejects(other.models.list(), OpenAI.AuthenticationError);
    await assert.rejects(
      openai.chat.completions.create({ model: 'gpt-9', messages: [user('Hi')] }),
      (thrown) => thrown instanceof OpenAI.NotFoundError && thrown.code === 'model_not_found',
    );
    engine.failure = new Refusal('queue-full', 'too many wait; try again later', 0.01);
    await assert.rejects(ask(), OpenAI.RateLimitError);
    engine.failure = null;
    engine.lateFailure = new UserError('model-diverged', 'the output is not a number');
    const stream = await openai.chat.completions.create({
      ...{ model: 'shop', stream: true, messages: [user('Hi')] },
    });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError);
  });

  it('tries again when the service asks it to', async () => {
    engine.failure = new Refusal('queue-full', 'too many wait; try again later', 0.001);
    const patient = new OpenAI({
      ...{ baseURL: `${address}/v1`, apiKey: 'secret', maxRetries: 1 },
      fetch: async (...call) => {
        const answer = await fetch(...call);
        engine.failure = null;
        return answer;
      },
    });
    const made = await patient.chat.completions.create({ model: 'shop', messages: [user('Hi')] });
    assert.equal(made.choices[0]?.message.content, 'I have read 2 letters.');
  });

  it('frees the engine when it stops a reply', async () => {
    const aborted = new Promise<void>((resolve) => {
      engine.aborted = resolve;
    });
    let goOn = () => {};
    engine.pause = new Promise((resolve) => {
      goOn = resolve;
    });
    const stream = await openai.chat.completions.create({
      ...{ model: 'shop', stream: true, messages: [user('Hi')] },
    });
    for await (const { choices } of stream) if (choices[0]?.delta.content) break;
    // Whether the connection has ended by now is for the service to notice: the engine asks after each letter.
    goOn();
    engine.lateFailure = null;
    const waiting = setInterval(() => {}, 1000);
    await aborted;
    clearInterval(waiting);
  });
});

it('serves the AI SDK', async () => {
  const provider = createOpenAICompatible({ name: 'here', baseURL: `${address}/v1`, apiKey: 'secret' });
  const model = provider('shop');
  const { text, usage } = await generateText({ model, prompt: 'Hi' });
  assert.deepEqual([text, usage.inputTokens], ['I have read 2 letters.', 3]);
  let streamed = '';
  for await (const piece of streamText({ model, prompt: 'Hi' }).textStream) streamed += piece;
  assert.equal(streamed, text);
});

describe("Ollama's client", () => {
  const client = () => new Ollama({ host: address, headers: { Authorization: 'Bearer secret' } });

  it('lists, shows, chats and generates', async () => {
    const ollama = client();
    const [listed] = (await ollama.list()).models;
    assert.equal(listed?.name, 'shop:latest');
    assert.equal((await ollama.show({ model: 'shop' })).details.family, 'gpt2');
    const made = await ollama.chat({ model: 'shop:latest', messages: [user('Hi')] });
    assert.deepEqual([made.message.content, made.done_reason], ['I have read 2 letters.', 'stop']);
    assert.equal(made.eval_count, 22);
    let text = '';
    const options = { num_predict: 8, temperature: 0 };
    for await (const { response } of await ollama.generate({
      model: 'shop',
      prompt: 'Hi',
      stream: true,
      options,
    }))
      text += response;
    assert.equal(text, 'I have r');
    const raw = await ollama.generate({ model: 'shop', prompt: 'Hi', raw: true });
    assert.deepEqual([raw.response, raw.prompt_eval_count], ['I have read 2 letters.', 2]);
  });

  it('gets sentences for what fails', async () => {
    await assert.rejects(client().show({ model: 'other' }), /there is no model .other/);
    await assert.rejects(client().pull({ model: 'llama3' }), /not supported/);
    engine.failure = new Refusal('queue-full', 'too many wait', 3);
    const busy = await service.post('/api/chat', { model: 'shop', messages: [user('Hi')] }, auth);
    assert.deepEqual([busy.status, JSON.parse(busy.text)], [503, { error: 'too many wait' }]);
  });
});

describe('a reply that cannot be given', () => {
  it('is refused before it begins, streamed or not', async () => {
    const long = [user('x'.repeat(101))];
    const wrong: [body: object, status: number, param: string | null][] = [
      [{ messages: [] }, 400, 'messages'],
      [{ messages: 'Hi' }, 400, 'messages'],
      [{ messages: long }, 400, 'messages'],
      [{ messages: [{ role: 'assistant', content: 'Hi' }] }, 400, 'messages'],
      [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 400, 'messages.0.content'],
      [{ temperature: 3 }, 400, 'temperature'],
      [{ n: 5 }, 400, 'n'],
      [{ logprobs: true }, 400, 'logprobs'],
      [{ logit_bias: { 5: 1 } }, 400, 'logit_bias'],
      [{ presence_penalty: 1 }, 400, 'presence_penalty'],
      [{ tool_choice: 'required' }, 400, 'tool_choice'],
      [{ response_format: { type: 'json_object' } }, 400, 'response_format'],
      [{ model: 'other' }, 404, null],
    ];
    for (const stream of [false, true])
      for (const [body, status, param] of wrong) {
        const answer = await complete({ ...body, stream });
        const { error } = answer.json;
        assert.deepEqual([answer.status, error.param], [status, param], JSON.stringify(body));
        assert.equal(error.type, 'invalid_request_error');
      }
  });

  it('has the code that clients shorten a conversation for', async () => {
    const body = { prompt: 'x'.repeat(100), max_tokens: 1 };
    assert.equal((await service.post('/v1/completions', body, auth)).status, 200);
    const engineOfOne = new ScriptedEngine(() => 'x');
    const small = await openService(null, { maxText: 4000 }, engineOfOne);
    const long = { messages: [user('x'.repeat(300))] };
    const answer = await small.post('/v1/chat/completions', long);
    assert.deepEqual([answer.status, JSON.parse(answer.text).error.code], [400, 'context_length_exceeded']);
    await small.app.close();
  });

  it('says that the model is being loaded, on every route', async () => {
    engine.state = { kind: 'loading', progress: 'reading' };
    for (const [url, body] of [
      ['/chat', { text: 'Hi' }],
      ['/v1/chat/completions', { messages: [user('Hi')], stream: true }],
      ['/v1/completions', { prompt: 'Hi' }],
      ['/api/chat', { model: 'shop', messages: [user('Hi')] }],
    ] as const) {
      const answer = await service.post(url, body, auth);
      assert.deepEqual([url, answer.status, answer.headers['retry-after']], [url, 503, '5']);
    }
  });
});

it('ignores fields that it does not know, and values that change nothing', async () => {
  const body = { metadata: { a: 1 }, store: true, tools: [], tool_choice: 'auto', logprobs: false, n: null };
  assert.equal((await complete({ ...body, frequency_penalty: 0, top_k: -1, unknown: 1 })).status, 200);
  const parts = [
    { type: 'text', text: 'He' },
    { type: 'text', text: 'llo' },
  ];
  const answer = await complete({ messages: [{ role: 'user', content: parts }] });
  assert.equal(answer.json.choices[0].message.content, 'I have read 5 letters.');
});

it('sends the events that the protocol wants, and keeps nothing', async () => {
  const { text, headers } = await complete({ stream: true, max_tokens: 1 });
  assert.match(String(headers['cache-control']), /no-transform/);
  const events = eventsIn(text) as {
    id: string;
    choices: { delta: object; finish_reason: string | null }[];
  }[];
  assert.deepEqual(
    events.slice(0, -1).map(({ choices }) => [choices[0]?.delta, choices[0]?.finish_reason]),
    [
      [{ role: 'assistant', content: '' }, null],
      [{ content: 'I' }, null],
      [{}, 'length'],
    ],
  );
  assert.equal(events.at(-1), '[DONE]');
  assert.equal(new Set(events.slice(0, -1).map(({ id }) => id)).size, 1);
  assert.equal((await service.store.counts()).conversations, 0);
});
