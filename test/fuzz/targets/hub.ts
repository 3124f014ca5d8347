// Fuzz target for the answers of the hub: the commit, the list of files, and the files. It does not use the network.

import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchModel } from '../../../src/weights/hub.js';
import type { Dice } from '../dice.js';
import { mutateBytes } from '../mutate-bytes.js';
import { hostileTexts, mutateJson } from '../mutate-json.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

const commit = 'c0ffee'.padEnd(40, '0');

const content: Readonly<Record<string, string>> = {
  'config.json': '{"model_type": "gpt2"}',
  'model.safetensors': 'weights that this target never opens',
};

function listed(path: string, text: string): object {
  const oid = createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex');
  const lfs = { oid: createHash('sha256').update(text).digest('hex'), size: text.length, pointerSize: 130 };
  return { type: 'file', path, size: text.length, oid, ...(path.endsWith('.json') ? {} : { lfs }) };
}

/** The status and headers of every answer, the two JSON answers, and the files. */
const sound: Files = new Map([
  ['status', Buffer.from('200')],
  ['headers', Buffer.from('{"content-type": "application/json"}')],
  [
    'info',
    Buffer.from(JSON.stringify({ _id: '1', id: 'owner/name', sha: commit, lastModified: '2020-01-01' })),
  ],
  ['tree', Buffer.from(JSON.stringify(Object.entries(content).map(([path, text]) => listed(path, text))))],
  ...Object.entries(content).map(([name, text]): [string, Uint8Array] => [`file ${name}`, Buffer.from(text)]),
]);

/** Far more than a model needs. */
const mostRequests = 200;

const statuses = [
  '200',
  '206',
  '301',
  '302',
  '304',
  '400',
  '401',
  '403',
  '404',
  '416',
  '418',
  '429',
  '500',
  '503',
];

function mutateHeaders(dice: Dice): string {
  const name =
    dice.pick(['x-error-code', 'x-error-message', 'link', 'content-range', 'content-length', 'etag']) ?? '';
  const value = dice.pick([
    'GatedRepo',
    'RevisionNotFound',
    'RepoNotFound',
    '<https://hub.invalid/api/models/owner/name/tree/x?cursor=1>; rel="next"',
    '<::::>; rel="next"',
    'bytes 5-9/10',
    '-1',
    dice.pick(hostileTexts).replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
  ]);
  return JSON.stringify({ 'content-type': 'application/json', [name]: value });
}

function answer(files: Files, url: string): Response {
  const part = url.includes('/revision/')
    ? 'info'
    : url.includes('/tree/')
      ? 'tree'
      : `file ${decodeURIComponent(url.split('/').at(-1) ?? '')}`;
  const status = Number(fileOf(files, 'status').toString());
  const body = files.get(part);
  if (body === undefined) return new Response('{"error": "none"}', { status: 404 });
  const headers: Record<string, string> = JSON.parse(fileOf(files, 'headers').toString());
  return new Response(status === 304 ? null : new Uint8Array(body), { status, headers });
}

export const hub: Target = {
  about: "the hub's answers about a model, and its files",
  seeds: [sound],
  mutate(seed, dice) {
    const name = dice.pick([...seed.keys()]) ?? '';
    const bytes = fileOf(seed, name);
    if (name === 'status') return withFiles(seed, { status: dice.pick(statuses) });
    if (name === 'headers')
      return withFiles(seed, { headers: mutateHeaders(dice), status: dice.chance(2) ? '404' : '200' });
    const mutant =
      name.startsWith('file') || dice.chance(5)
        ? mutateBytes(bytes, dice, bytes)
        : mutateJson(JSON.parse(bytes.toString()), dice);
    return withFiles(seed, { [name]: mutant });
  },
  async read(folder, files) {
    const cache = join(folder, 'cache');
    mkdirSync(cache, { recursive: true });
    const real = globalThis.fetch;
    let asked = 0;
    globalThis.fetch = async (input) => {
      if (++asked > mostRequests) throw new TypeError('enough');
      return answer(files, String(input instanceof Request ? input.url : input));
    };
    try {
      const environment = { HF_ENDPOINT: 'https://hub.invalid', HF_HOME: cache, HF_HUB_CACHE: cache };
      await fetchModel('owner/name', { environment, retrySeconds: [] });
    } catch (thrown) {
      // A hostile hub can link to a next page forever.
      if (asked > mostRequests)
        throw new Error('the number of requests to the hub is unlimited', { cause: thrown });
      throw thrown;
    } finally {
      globalThis.fetch = real;
      rmSync(cache, { recursive: true, force: true });
    }
  },
};
