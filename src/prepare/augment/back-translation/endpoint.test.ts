import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { FakeProxy } from '../../../../test/fake-proxy.js';
import type { Clock } from '../../../collect/openai-service.js';
import { UserError } from '../../../errors.js';
import { isRecord } from '../../../objects.js';
import { proxiesOf } from '../../../weights/hub-access.js';
import { type Fetch, fetchThrough } from '../../../weights/hub-fetch.js';
import { type EndpointLimits, type EndpointOptions, endpointLimits, endpointTranslator } from './endpoint.js';

type Respond = (response: ServerResponse, texts: readonly string[], request: IncomingMessage) => void;

/** What the server does with the next requests, in order; afterwards it translates. */
let plans: Respond[] = [];
let requests: { texts: readonly string[]; body: string; headers: IncomingMessage['headers']; url: string }[] =
  [];

const completion = (content: string, finish = 'stop') =>
  JSON.stringify({ choices: [{ message: { role: 'assistant', content }, finish_reason: finish }] });
const says =
  (content: string | ((texts: readonly string[]) => string), finish?: string): Respond =>
  (response, texts) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(completion(typeof content === 'string' ? content : content(texts), finish));
const translates = says((texts) => JSON.stringify(texts.map((text) => text.toUpperCase())));
const fails =
  (status: number, body = '', headers: Record<string, string> = {}): Respond =>
  (response) =>
    response.writeHead(status, headers).end(body);
const breaks: Respond = (response) => response.destroy();
const isSilent: Respond = () => {};

/** Each test has a server of its own, so that a request that a test has given up does not reach the next one. */
let server: Server;

function newServer(): Server {
  const mine = requests;
  return createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      if (requests !== mine) return;
      const texts = textsOf(body);
      requests.push({ texts, body, headers: request.headers, url: request.url ?? '' });
      (plans.shift() ?? translates)(response, texts, request);
    });
  });
}

function textsOf(body: string): readonly string[] {
  const sent: unknown = JSON.parse(body);
  const messages = isRecord(sent) && Array.isArray(sent.messages) ? sent.messages : [];
  const last: unknown = messages.at(-1);
  return isRecord(last) ? JSON.parse(String(last.content)) : [];
}

/** The fetch that programs use, with undici's connections. */
let fetch: Fetch;

before(async () => {
  fetch = await fetchThrough(null, 60);
});
beforeEach(async () => {
  plans = [];
  requests = [];
  server = newServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function port(): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Waits are noted and take no time. */
function noting(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    wait: async (seconds) => void waits.push(seconds),
    now: () => Date.parse('2026-01-01T00:00:00Z'),
    deadline: () => () => {},
  };
}

function endpoint(
  options: Partial<EndpointOptions> = {},
  limits: Partial<EndpointLimits> = {},
): ReturnType<typeof endpointTranslator> {
  return endpointTranslator({
    url: new URL(`http://127.0.0.1:${port()}/v1`),
    model: 'small-model',
    direction: { from: 'zh', to: 'en' },
    key: 'sk-secret-1',
    fetch,
    clock: noting(),
    ...options,
    limits: { ...endpointLimits, requests: 1, ...limits },
  });
}

const { signal } = new AbortController();

async function refuses(answer: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(answer, (thrown) => {
    assert.ok(thrown instanceof UserError, String(thrown));
    assert.equal(thrown.code, 'translator-failed');
    assert.match(thrown.message, pattern);
    assert.doesNotMatch(thrown.message, /secret/);
    return true;
  });
}

describe('an OpenAI-compatible endpoint', () => {
  it('is asked for chat completions, with the key as a bearer token', async () => {
    assert.deepEqual(await endpoint().translate(['你好', 'a "b"'], signal), ['你好', 'A "B"']);
    const [request] = requests;
    assert.equal(request?.url, '/v1/chat/completions');
    assert.equal(request?.headers.authorization, 'Bearer sk-secret-1');
    assert.match(request?.body ?? '', /"model":"small-model"/);
    assert.match(request?.body ?? '', /"temperature":0/);
    assert.match(request?.body ?? '', /from Chinese into English/);
  });

  it('needs no key, and may be named with its whole path', async () => {
    const url = new URL(`http://127.0.0.1:${port()}/api/chat/completions/`);
    await endpoint({ url, key: null }).translate(['a'], signal);
    assert.equal(requests[0]?.headers.authorization, undefined);
    assert.equal(requests[0]?.url, '/api/chat/completions/');
  });

  it('gets few texts at a time, and the answers keep their order', async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
    const answers = await endpoint({}, { requests: 4, texts: 7 }).translate(texts, signal);
    assert.deepEqual(
      answers,
      texts.map((text) => text.toUpperCase()),
    );
    assert.deepEqual(requests.map((request) => request.texts.length).sort(), [5, 7, 7, 7, 7, 7]);
  });

  it('gives each answer as soon as it is there', async () => {
    plans = [translates, fails(403)];
    const kept: [number, string][] = [];
    const answer = endpoint({}, { texts: 2 }).translate(['a', 'b', 'c'], signal, (...one) => kept.push(one));
    await refuses(answer, /status 403/);
    assert.deepEqual(kept, [
      [0, 'A'],
      [1, 'B'],
    ]);
  });

  it('gets few characters at a time', async () => {
    await endpoint({}, { characters: 10 }).translate(['1234567', '1234567', '1', '12345678901234'], signal);
    assert.deepEqual(
      requests.map((request) => request.texts.length),
      [1, 2, 1],
    );
  });

  it('is reached through the proxy of the environment', async () => {
    const proxy = new FakeProxy(port());
    await proxy.start();
    try {
      const proxied = await fetchThrough(proxiesOf({ HTTP_PROXY: `http://${proxy.host}` }), 60);
      const url = new URL('http://translate.invalid/v1');
      assert.deepEqual(await endpoint({ url, fetch: proxied }).translate(['a'], signal), ['A']);
      assert.match(proxy.requests[0] ?? '', /^POST http:\/\/translate\.invalid\/v1\/chat\/completions/);
    } finally {
      await proxy.stop();
    }
  });
});

describe('a busy endpoint', () => {
  for (const [name, plan] of [
    ['status 429', fails(429)],
    ['status 500', fails(500, 'oops')],
    ['a connection that breaks', breaks],
    [
      'an answer that breaks off',
      (response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('{"choices":');
        setImmediate(() => response.destroy());
      },
    ],
  ] as readonly (readonly [string, Respond])[])
    it(`is asked again after ${name}`, async () => {
      plans = [plan, plan];
      const clock = noting();
      assert.deepEqual(await endpoint({ clock }).translate(['a'], signal), ['A']);
      assert.deepEqual(clock.waits, [1, 4]);
    });

  it('is asked again when it wants to be asked', async () => {
    plans = [
      fails(429, '', { 'retry-after': '17' }),
      fails(503, '', { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }),
    ];
    const clock = noting();
    assert.deepEqual(await endpoint({ clock }).translate(['a'], signal), ['A']);
    assert.deepEqual(clock.waits, [17, 60]);
  });

  it('is given up when it wants to be asked too late', async () => {
    plans = [fails(429, '{"error": {"message": "quota used up"}}', { 'retry-after': '7200' })];
    await refuses(
      endpoint().translate(['a'], signal),
      /status 429: quota used up.*run the same command again later/,
    );
  });

  it('is given up after the last attempt', async () => {
    plans = Array(9).fill(fails(502));
    const clock = noting();
    await refuses(endpoint({ clock }).translate(['a'], signal), /does not translate \(status 502\)/);
    assert.deepEqual(clock.waits, [1, 4, 15, 60]);
  });

  it('is asked again when it does not answer, and then given up', async () => {
    plans = Array(9).fill(isSilent);
    const clock: Clock = {
      ...noting(),
      deadline: (seconds, late) => {
        assert.equal(seconds, 300);
        setImmediate(late);
        return () => {};
      },
    };
    await refuses(endpoint({ clock }).translate(['a'], signal), /no answer within 300 s/);
  });

  it('stops at once when the run stops', async () => {
    const stop = new AbortController();
    plans = [() => stop.abort(new Error('stopped'))];
    await assert.rejects(endpoint().translate(['a'], stop.signal), /stopped/);
  });
});

describe('an endpoint that refuses', () => {
  for (const [status, body, pattern] of [
    [
      401,
      '{"error": {"message": "bad key sk-secret-1"}}',
      /does not accept the request \(status 401: bad key \*\*\*\)/,
    ],
    [404, 'no', /refuses the request \(status 404\); check the address.*"small-model"/],
    [400, '{"error": "unknown\\nmodel"}', /status 400: unknown model/],
  ] as const)
    it(`with status ${status} is not asked again`, async () => {
      plans = [fails(status, body)];
      await refuses(endpoint().translate(['a'], signal), pattern);
      assert.equal(requests.length, 1);
    });

  it('with a redirect does not get key and texts sent elsewhere', async () => {
    plans = [fails(307, '', { location: 'https://elsewhere.example/v1' })];
    await refuses(
      endpoint().translate(['a'], signal),
      /redirects to "https:\/\/elsewhere\.example\/v1"; name that/,
    );
    assert.equal(requests.length, 1);
  });

  it('ends the requests that run beside', async () => {
    plans = [isSilent, fails(403)];
    await refuses(endpoint({}, { requests: 2, texts: 1 }).translate(['a', 'b'], signal), /status 403/);
  });
});

describe('an answer', () => {
  for (const [name, content] of [
    ['is a JSON array', '["A", "B"]'],
    ['may stand in a fence', '```json\n["A", "B"]\n```'],
    ['may follow thoughts', '<think>Hm, ["X"]?</think>\n["A", "B"]'],
    ['may be numbered lines', '1. A\n2. B'],
    ['may be numbered otherwise', '1) A\n\n2) B\n'],
    ['has one line for each text', '["A\\n", " B"]'],
  ] as const)
    it(name, async () => {
      plans = [says(content)];
      assert.deepEqual(await endpoint().translate(['a', 'b'], signal), ['A', 'B']);
      assert.equal(requests.length, 1);
    });

  for (const [name, plan] of [
    ['has fewer texts', says('["A"]')],
    ['has more texts', says('["A", "B", "C"]')],
    ['is prose', says('Sure! Here are the translations: A and B')],
    ['has other things than texts', says('["A", 2]')],
    ['was cut off', says('["A", "B"]', 'length')],
    ['is no chat completion', fails(200, '<html>welcome</html>')],
  ] as const)
    it(`that ${name} is asked for again in halves`, async () => {
      plans = [plan];
      assert.deepEqual(await endpoint().translate(['a', 'b'], signal), ['A', 'B']);
      assert.deepEqual(
        requests.map((request) => request.texts),
        [['a', 'b'], ['a'], ['b']],
      );
    });

  it('that stays useless leaves its text without a translation', async () => {
    plans = [translates, says('I cannot'), says('no'), translates];
    const { translate } = endpoint({}, { texts: 2 });
    assert.deepEqual(await translate(['a', 'b', 'c', 'd'], signal), ['A', 'B', null, 'D']);
  });

  it('that is empty counts as none', async () => {
    plans = [says('["", "B"]')];
    assert.deepEqual(await endpoint().translate(['a', 'b'], signal), [null, 'B']);
  });

  it('that is too large is not read to its end', async () => {
    plans = Array(9).fill(says('x'.repeat(5000)));
    await refuses(endpoint({}, { answerBytes: 1000 }).translate(['a'], signal), /more than 1000 bytes/);
  });
});

describe('a run', () => {
  const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`);

  it('stops if the first answers are all useless', async () => {
    plans = Array(99).fill(says('I am sorry, but \u001b[31mno sk-secret-1'));
    await refuses(
      endpoint().translate(texts, signal),
      /gave 5 answers in a row that are no list of translations \(the last begins with "I am sorry, but \\u001b\[31mno \*\*\*"\)/,
    );
    assert.equal(requests.length, 5);
  });

  it('stops much later if some were useful', async () => {
    plans = [translates, ...Array(99).fill(says('no'))];
    await refuses(
      endpoint({}, { texts: 1, laterUseless: 20 }).translate(texts, signal),
      /gave 20 answers in a row/,
    );
    assert.equal(requests.length, 21);
  });
});
