// Embedders: a service, which may fail in every way, and a folder with a tiny model (scripts/make-sentence-folder.py). Transformers.js is
// large, so the checkout does not install it; CI puts it into .transformers/.

import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { describeEmbedder } from '../../../../test/bots/describe-embedder.js';
import { answers, EmbeddingServer, fails, type Plan } from '../../../../test/bots/embedding-server.js';
import { repositoryRoot } from '../../../../test/repository.js';
import type { Clock } from '../../../collect/openai-service.js';
import { UserError } from '../../../errors.js';
import { findPackage } from '../../../files/installed-package.js';
import { type Fetch, fetchThrough } from '../../../weights/hub-fetch.js';
import { transformersPackage } from '../../../weights/transformers-library.js';
import { type EndpointEmbedderOptions, endpointEmbedder } from './endpoint-embedder.js';
import { folderEmbedder } from './folder-embedder.js';
import { checkedEmbedder, openMeaning } from './open-embedder.js';

const server = new EmbeddingServer();
let fetch: Fetch;
before(async () => {
  await server.start();
  fetch = await fetchThrough(null, 60);
});
after(() => server.stop());
beforeEach(() => {
  server.plans = [];
  server.requests = [];
});

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

function endpoint(options: Partial<EndpointEmbedderOptions> = {}) {
  return endpointEmbedder({
    ...{ url: server.url, model: 'small-model', key: 'sk-secret-1', fetch, clock: noting() },
    ...options,
  });
}

const { signal } = new AbortController();

async function refuses(answer: Promise<unknown>, code: string, pattern: RegExp): Promise<void> {
  await assert.rejects(answer, (thrown) => {
    assert.ok(thrown instanceof UserError, String(thrown));
    assert.equal(thrown.code, code);
    assert.match(thrown.message, pattern);
    assert.doesNotMatch(thrown.message, /secret/);
    return true;
  });
}

describeEmbedder('a service', async () => endpoint());

describe('a service of embeddings', () => {
  it('is asked with model and key, some texts at a time, and may answer in another order', async () => {
    server.always = answers((data) => [...data].reverse());
    const texts = Array.from({ length: 5 }, (_, index) => `text ${index}`);
    const vectors = await endpoint({ limits: { texts: 2 } }).embed(texts, signal);
    server.always = answers();
    assert.deepEqual(vectors, await endpoint().embed(texts, signal));
    const [first] = server.requests;
    assert.deepEqual(
      server.requests.map((request) => request.texts.length),
      [2, 2, 1, 5],
    );
    assert.equal(first?.url, '/v1/embeddings');
    assert.equal(first?.model, 'small-model');
    assert.equal(first?.headers.authorization, 'Bearer sk-secret-1');
    await endpoint({ key: null }).embed(['a'], signal);
    assert.equal(server.requests.at(-1)?.headers.authorization, undefined);
  });

  const cut: Plan = (response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('{"data":');
    setImmediate(() => response.destroy());
  };
  for (const [name, plan] of [
    ['status 429', fails(429)],
    ['status 500', fails(500, 'oops')],
    ['a connection that breaks', (response) => response.destroy()],
    ['an answer that breaks off', cut],
  ] as readonly (readonly [string, Plan])[])
    it(`is asked again after ${name}`, async () => {
      server.plans = [plan, plan];
      const clock = noting();
      assert.equal((await endpoint({ clock }).embed(['a'], signal)).length, 1);
      assert.deepEqual(clock.waits, [1, 4]);
    });

  it('is asked again when it wants to be asked, and given up when that is too late', async () => {
    server.plans = [fails(429, '', { 'retry-after': '17' })];
    const clock = noting();
    await endpoint({ clock }).embed(['a'], signal);
    assert.deepEqual(clock.waits, [17]);
    server.plans = [fails(429, '{"error": {"message": "quota used up"}}', { 'retry-after': '7200' })];
    await refuses(
      endpoint().embed(['a'], signal),
      'embedder-failed',
      /does not give vectors \(status 429: quota used up\); try again later/,
    );
  });

  const faults: readonly (readonly [string, Plan, RegExp])[] = [
    [
      'refuses the key',
      fails(401, '{"error": {"message": "bad key sk-secret-1"}}'),
      /does not accept the request \(status 401: bad key \*\*\*\); name the environment variable/,
    ],
    ['is not there', fails(404, 'no'), /status 404\); check the address.*"small-model"/],
    [
      'redirects',
      fails(307, '', { location: 'https://elsewhere.example/v1' }),
      /redirects to "https:\/\/elsewhere/,
    ],
    [
      'gives nonsense',
      fails(200, '<html>sk-secret-1'),
      /is no list of vectors \(it begins with "<html>\*\*\*/,
    ],
    ['gives NaN', fails(200, '{"data":[{"embedding":[NaN]}]}'), /is no list of vectors/],
    ['gives other data', fails(200, '{"data":[1]}'), /is no list of vectors/],
    [
      'gives too few vectors',
      answers((data) => data.slice(1)),
      /gave 1 vectors for 2 texts|no list of vectors/,
    ],
    [
      'gives too many vectors',
      answers((data) => [...data, { index: 2, embedding: [1] }]),
      /gave 3 vectors for 2 texts/,
    ],
    [
      'gives one vector twice',
      answers((data) => data.map((one) => ({ ...one, index: 0 }))),
      /no list of vectors/,
    ],
    [
      'gives null for a number',
      answers((data) => data.map((one) => ({ ...one, embedding: [1, null] }))),
      /is no number/,
    ],
    ['gives zeros', answers((data) => data.map((one) => ({ ...one, embedding: [0, 0] }))), /empty, zero/],
    [
      'gives vectors of two widths',
      answers((data) => data.map((one, place) => ({ ...one, embedding: Array(2 + place).fill(1) }))),
      /gave vectors of 2 and of 3 numbers/,
    ],
  ];
  for (const [name, plan, pattern] of faults)
    it(`that ${name} is reported in one sentence`, async () => {
      server.plans = [plan];
      await refuses(endpoint().embed(['a', 'b'], signal), 'embedder-failed', pattern);
      assert.equal(server.requests.length, 1);
    });

  it('that is silent is given up in time', async () => {
    server.always = () => {};
    const clock: Clock = {
      ...noting(),
      deadline: (_, late) => {
        setImmediate(late);
        return () => {};
      },
    };
    await refuses(endpoint({ clock }).embed(['a'], signal), 'embedder-failed', /no answer within 60 s/);
    server.always = answers();
  });
});

const sentences = join(repositoryRoot, 'test/goldens/sentences');
const besides = join(
  repositoryRoot,
  '.transformers/node_modules',
  transformersPackage,
  'dist/transformers.node.mjs',
);
const library = findPackage(transformersPackage) ?? (existsSync(besides) ? besides : undefined);
const skip =
  library === undefined &&
  `needs ${transformersPackage} (npm install --prefix .transformers --ignore-scripts ${transformersPackage}@4.3.2)`;
const scratch = mkdtempSync(join(tmpdir(), 'sentences-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let copies = 0;
function copy(): string {
  const folder = join(scratch, String(copies++));
  cpSync(sentences, folder, { recursive: true });
  return folder;
}
const open = (folder: string) => folderEmbedder({ folder, library: library ?? null });

describeEmbedder('a sentence model in a folder', () => open(sentences), { skip });

describe('a sentence model', () => {
  it('gives the mean of its tokens, as NumPy does', { skip }, async () => {
    const goldens: { texts: string[]; vectors: number[][] } = JSON.parse(
      readFileSync(join(sentences, 'goldens.json'), 'utf8'),
    );
    const embedder = await open(sentences);
    const vectors = await embedder.embed(goldens.texts, signal);
    await embedder.close();
    for (const [index, vector] of vectors.entries())
      for (const [place, value] of vector.entries())
        assert.ok(Math.abs(value - (goldens.vectors[index]?.[place] ?? 9)) < 1e-5);
  });

  it('that is damaged, or pools in another way, is refused in one sentence', { skip }, async () => {
    const damaged = copy();
    writeFileSync(join(damaged, 'onnx/model.onnx'), 'not a model');
    await refuses(open(damaged), 'embedder-unusable', /cannot load the sentence model .*\(.+\)$/);
    const pooled = copy();
    mkdirSync(join(pooled, '1_Pooling'));
    writeFileSync(join(pooled, '1_Pooling/config.json'), '{"pooling_mode_max_tokens": true}');
    await refuses(open(pooled), 'embedder-unusable', /asks for another pooling .*"pooling_mode_max_tokens"/);
  });

  it('that lacks a file, or the package, is refused without loading anything', async () => {
    for (const name of ['config.json', 'tokenizer.json', 'onnx/model.onnx']) {
      const folder = copy();
      renameSync(join(folder, name), join(folder, 'away'));
      await refuses(
        folderEmbedder({ folder, library: null }),
        'model-incomplete',
        new RegExp(`has no ${name}.*Xenova/all-MiniLM-L6-v2`),
      );
    }
    await refuses(
      folderEmbedder({ folder: sentences, library: null }),
      'package-missing',
      /npm install @huggingface\/transformers@4\.3\.2/,
    );
  });
});

describe('an embedder', () => {
  const mistakes: readonly (readonly [string, string | null, RegExp])[] = [
    ['ftp://host/v1', 'm', /--embedder|embedder is not the address of a service/],
    ['http://ann:pw@host/v1', 'm', /has a password in it/],
    ['http://host/v1', null, /needs the name of its model/],
    ['models/mini', 'm', /is no address; leave it out/],
  ];
  for (const [embedder, model, pattern] of mistakes)
    it(`called ${embedder} is refused`, () => {
      assert.throws(() => checkedEmbedder({ embedder, model }), pattern);
    });

  it('takes its key from the variable that is named, or from its own, and from no other', async () => {
    const names = { embedder: server.url.href, model: 'm' };
    const keySent = async (keyVariable: string | null, environment: Record<string, string>) => {
      const { embedder } = await openMeaning(names, { store: 'shop.db', keyVariable, environment });
      await embedder.embed(['a'], signal);
      return server.requests.at(-1)?.headers.authorization;
    };
    const environment = { OPENAI_API_KEY: 'one', CHATBOT_EMBEDDER_KEY: 'two' };
    assert.equal(await keySent('OPENAI_API_KEY', environment), 'Bearer one');
    assert.equal(await keySent(null, environment), 'Bearer two');
    assert.equal(await keySent(null, { OPENAI_API_KEY: 'one' }), undefined);
    await refuses(
      openMeaning(names, { store: null, keyVariable: 'NO_KEY', environment }),
      'option-invalid',
      /names NO_KEY, which is not set/,
    );
  });
});
