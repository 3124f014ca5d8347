import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { FakeHub } from '../../test/fake-hub.js';
import { FakeProxy } from '../../test/fake-proxy.js';
import { fetchModel } from './hub.js';
import type { Environment } from './hub-access.js';

const scratch = mkdtempSync(join(tmpdir(), 'hub-proxy-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

/** A hub behind a proxy. */
async function start(identity?: { key: string; cert: string }): Promise<{ hub: FakeHub; proxy: FakeProxy }> {
  const hub = new FakeHub(identity);
  for (const [name, text] of [
    ['config.json', '{}'],
    ['vocab.json', '{"a":0}'],
    ['merges.txt', '#version: 0.2\n'],
    ['model.safetensors', 'weights'],
  ] as const)
    hub.files.set(name, Buffer.from(text));
  await hub.start();
  const proxy = new FakeProxy(hub.port);
  await proxy.start();
  running.push(proxy, hub);
  return { hub, proxy };
}

let homes = 0;
const fetchIt = (environment: Environment) =>
  fetchModel('owner/name', {
    environment: { HF_HOME: join(scratch, String(homes++)), ...environment },
    retrySeconds: [],
  });

async function assertFetched(folder: string, hub: FakeHub): Promise<void> {
  for (const [name, data] of hub.files) assert.deepEqual(readFileSync(join(folder, name)), data);
}

async function refuses(environment: Environment, pattern: RegExp): Promise<void> {
  await assert.rejects(fetchIt(environment), (thrown) => {
    assert.ok(thrown instanceof Error);
    assert.equal(thrown.name, 'UserError');
    assert.match(thrown.message, pattern);
    assert.ok(!thrown.message.includes('secret'), thrown.message);
    return true;
  });
}

/** This host does not exist: only a proxy can lead there. */
const http = 'http://hub.invalid';
const https = 'https://hub.invalid';

describe('a model behind an http address', () => {
  for (const variable of ['HTTP_PROXY', 'http_proxy'])
    it(`is fetched through the proxy of ${variable}, with plain requests`, async () => {
      const { hub, proxy } = await start();
      const folder = await fetchIt({
        HF_ENDPOINT: http,
        HF_TOKEN: 'hf_x',
        [variable]: `http://${proxy.host}`,
      });
      await assertFetched(folder, hub);
      assert.equal(proxy.requests.length, hub.requests.length);
      assert.ok(
        proxy.requests.every((line) => line.startsWith(`GET ${http}/`)),
        proxy.requests[0],
      );
      assert.deepEqual([...hub.authorizations], ['Bearer hf_x']);
    });

  it('is fetched through a proxy that is named without http://, with name and password', async () => {
    const { hub, proxy } = await start();
    await assertFetched(await fetchIt({ HF_ENDPOINT: http, HTTP_PROXY: `me:p%40ss@${proxy.host}` }), hub);
    const expected = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    assert.deepEqual([...proxy.authorizations], [expected]);
  });

  for (const [variable, value] of [
    ['NO_PROXY', '127.0.0.1'],
    ['no_proxy', 'example.com, 127.0.0.1'],
    ['NO_PROXY', '*'],
  ] as const)
    it(`is fetched directly if ${variable} is ${value}`, async () => {
      const { hub, proxy } = await start();
      const proxied = { HF_ENDPOINT: hub.endpoint, HTTP_PROXY: `http://${proxy.host}` };
      await assertFetched(await fetchIt({ ...proxied, [variable]: value }), hub);
      assert.deepEqual(proxy.requests, []);
    });
});

describe('a model behind an https address', () => {
  const openssl = spawnSync('openssl', ['version']).status === 0;

  function selfSigned(): { key: string; cert: string } {
    const [key, cert] = [join(scratch, 'key.pem'), join(scratch, 'cert.pem')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=hub.invalid',
    ];
    if (!existsSync(cert)) spawnSync('openssl', [...request, '-keyout', key, '-out', cert]);
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  }

  for (const variable of ['HTTPS_PROXY', 'https_proxy'])
    it(`is fetched through a tunnel of the proxy of ${variable}`, {
      skip: !openssl && 'openssl is not installed',
    }, async () => {
      const { hub, proxy } = await start(selfSigned());
      // Node reads NODE_EXTRA_CA_CERTS only at startup.
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      try {
        const folder = await fetchIt({ HF_ENDPOINT: https, [variable]: `http://${proxy.host}` });
        await assertFetched(folder, hub);
      } finally {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      }
      assert.deepEqual(new Set(proxy.requests), new Set(['CONNECT hub.invalid:443']));
    });

  it('is not accepted with an untrusted certificate', {
    skip: !openssl && 'openssl is not installed',
  }, async () => {
    const { hub, proxy } = await start(selfSigned());
    const unknown = /\(DEPTH_ZERO_SELF_SIGNED_CERT\); check that NODE_EXTRA_CA_CERTS names/;
    await refuses({ HF_ENDPOINT: https, HTTPS_PROXY: proxy.host }, unknown);
    await refuses({ HF_ENDPOINT: hub.endpoint }, unknown);
  });
});

describe('a proxy that does not work', () => {
  it('is named in the message with its variable, without its password', async () => {
    for (const [endpoint, variable] of [
      [http, 'HTTP_PROXY'],
      [https, 'https_proxy'],
    ] as const)
      await refuses(
        { HF_ENDPOINT: endpoint, [variable]: 'http://me:secret@127.0.0.1:9' },
        new RegExp(
          `through the proxy http://\\*\\*\\*@127\\.0\\.0\\.1:9 \\(${variable}\\) \\(ECONNREFUSED\\); check`,
        ),
      );
  });

  it('is reported when it requires a password', async () => {
    const { proxy } = await start();
    proxy.failure = 407;
    const refused = /through the proxy .* \(the proxy answers 407\); check the proxy, its password/;
    await refuses({ HF_ENDPOINT: http, HTTP_PROXY: proxy.host }, refused);
    await refuses({ HF_ENDPOINT: https, HTTPS_PROXY: proxy.host }, refused);
  });

  it('is refused in one sentence if it is not an address', async () => {
    for (const address of [
      'http://',
      'socks5://me:secret@127.0.0.1:1080',
      'http://me:secret@h:x',
      'a b',
      '%',
    ])
      await refuses(
        { HF_ENDPOINT: http, HTTPS_PROXY: address },
        /^HTTPS_PROXY is ".*", which is not the address of an HTTP proxy; set it like/,
      );
  });
});
