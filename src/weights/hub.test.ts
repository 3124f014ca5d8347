import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commit, FakeHub } from '../../test/fake-hub.js';
import { UserError } from '../errors.js';
import { type DownloadProgress, type FetchOptions, fetchModel } from './hub.js';
import { hubCacheFolder, hubToken } from './hub-access.js';
import { parseHubId } from './hub-cache.js';
import { openModelFolder, readModelConfig } from './model-folder.js';
import { resolveModel } from './resolve.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/weights', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'hub-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let hub: FakeHub;
let home: string;
let homes = 0;

beforeEach(async () => {
  hub = new FakeHub();
  await hub.start();
  home = join(scratch, String(homes++));
  serve('safetensors');
  hub.files.set('vocab.json', Buffer.from('{"a":0}'));
  hub.files.set('merges.txt', Buffer.from('#version: 0.2\n'));
});
afterEach(() => hub.stop());

function serve(golden: string): void {
  for (const name of readdirSync(join(goldens, golden)))
    hub.files.set(name, readFileSync(join(goldens, golden, name)));
}

const environment = (more: Record<string, string> = {}) => ({
  HF_HOME: home,
  HF_ENDPOINT: hub.endpoint,
  ...more,
});
const fetchIt = (options: FetchOptions = {}, name = 'owner/name') =>
  fetchModel(name, {
    environment: environment(),
    retrySeconds: [],
    onProgress: ({ received }) => hub.came(received),
    ...options,
  });
const cacheFolder = () => join(home, 'hub', 'models--owner--name');
const partials = () =>
  readdirSync(join(cacheFolder(), 'blobs')).filter((name) => name.endsWith('.incomplete'));
const weights = 'model.safetensors';

async function refuses(fetching: Promise<unknown>, pattern: RegExp, fault = 'model'): Promise<void> {
  await assert.rejects(fetching, (thrown) => {
    assert.ok(thrown instanceof UserError, thrown instanceof Error ? thrown.stack : String(thrown));
    assert.equal(thrown.fault, fault);
    assert.match(thrown.message, pattern);
    return true;
  });
}

describe('fetchModel', () => {
  it('stores a model in the cache as Python does', async () => {
    const folder = await fetchIt();
    assert.equal(folder, join(cacheFolder(), 'snapshots', commit));
    assert.equal(readFileSync(join(cacheFolder(), 'refs', 'main'), 'utf8'), commit);
    assert.deepEqual(readdirSync(folder).sort(), ['config.json', 'merges.txt', weights, 'vocab.json']);
    assert.ok(lstatSync(join(folder, weights)).isSymbolicLink());
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, weights)))
      .digest('hex');
    assert.ok(existsSync(join(cacheFolder(), 'blobs', sha256)));
    assert.deepEqual(partials(), []);
    assert.equal(openModelFolder(folder).read('wte.weight').length, 160);
  });

  it('fetches only one form of the weights, and .bin only if there is no other', async () => {
    for (const name of ['pytorch_model.bin', 'tf_model.h5', 'flax_model.msgpack', 'model.onnx'])
      hub.files.set(name, Buffer.from(name));
    await fetchIt();
    assert.equal(hub.requests.filter((request) => request.includes('/resolve/')).length, 4);
    rmSync(home, { recursive: true });
    hub.files.delete(weights);
    serve('zip');
    const folder = await fetchIt();
    assert.equal(openModelFolder(folder).read('wte.weight').length, 160);
  });

  it('skips weights that are not needed, and does not treat the result as a complete model', async () => {
    const folder = await fetchIt({ weights: false });
    assert.deepEqual(readdirSync(folder).sort(), ['config.json', 'merges.txt', 'vocab.json']);
    assert.equal(readModelConfig(folder).nLayer, openModelFolder(await fetchIt()).config.nLayer);
  });

  it('reports how many bytes of the weights have arrived', async () => {
    const reports: DownloadProgress[] = [];
    serve('safetensors-sharded');
    hub.files.delete(weights);
    await fetchIt({ onProgress: (progress) => reports.push(progress) });
    const last = reports.at(-1);
    assert.ok(last);
    const shards = [...hub.files].filter(([name]) => name.endsWith('.safetensors'));
    assert.equal(
      last.total,
      shards.reduce((sum, [, data]) => sum + data.length, 0),
    );
    assert.equal(last.received, last.total);
    assert.deepEqual(
      reports.map(({ received }) => received),
      reports.map(({ received }) => received).sort((a, b) => a - b),
    );
  });

  it('fetches the shards of an index, and none outside the folder', async () => {
    serve('safetensors-sharded');
    hub.files.delete(weights);
    assert.equal(openModelFolder(await fetchIt()).read('wte.weight').length, 160);
    rmSync(home, { recursive: true });
    hub.files.set('model.safetensors.index.json', Buffer.from('{"weight_map":{"a":"../../x.safetensors"}}'));
    await refuses(fetchIt(), /is not a file of its folder/);
    hub.files.set('model.safetensors.index.json', Buffer.from('{"weight_map":{"a":"x.safetensors"}}'));
    await refuses(fetchIt(), /lacks the file "x\.safetensors"/);
  });

  it('needs no network for a cached model', async () => {
    const folder = await fetchIt();
    hub.requests = [];
    assert.equal(await fetchIt(), folder);
    assert.equal(await fetchIt({ environment: environment({ HF_HUB_OFFLINE: '1' }) }), folder);
    assert.equal(await fetchIt({}, `owner/name@${commit}`), folder);
    assert.deepEqual(hub.requests, []);
  });

  it('requests the revision that is named', async () => {
    await fetchIt({}, 'owner/name@v1.0');
    assert.ok(hub.requests[0]?.startsWith('/api/models/owner/name/revision/v1.0?'));
    assert.ok(existsSync(join(cacheFolder(), 'refs', 'v1.0')));
  });

  it('fetches what the cache lacks', async () => {
    const folder = await fetchIt();
    rmSync(join(folder, 'merges.txt'));
    hub.requests = [];
    await fetchIt();
    assert.equal(hub.fetched(weights).length, 0);
    assert.ok(existsSync(join(folder, 'merges.txt')));
  });

  it('needs no cached weights if none are requested', async () => {
    const folder = await fetchIt();
    rmSync(join(folder, weights));
    const offline = { environment: environment({ HF_HUB_OFFLINE: '1' }) };
    assert.equal(await fetchIt({ ...offline, weights: false }), folder);
    await refuses(fetchIt(offline), /is not complete/);
  });

  it('sends no request when offline, and says what is missing', async () => {
    const offline = { environment: environment({ HF_HUB_OFFLINE: 'yes' }) };
    await refuses(
      fetchIt(offline),
      /owner\/name \(main\) is not completely downloaded to .*hub, and HF_HUB_OFFLINE is set; unset it/,
    );
    assert.deepEqual(hub.requests, []);
  });
});

describe('a download that is interrupted', () => {
  it('continues automatically where the connection broke', async () => {
    hub.breaks = [1000, 3000, 1];
    const folder = await fetchIt();
    const ranges = hub.fetched(weights).map((request) => request.split(' ')[1]);
    assert.deepEqual(ranges, [undefined, 'bytes=1000-', 'bytes=4000-', 'bytes=4001-']);
    assert.deepEqual(readFileSync(join(folder, weights)), hub.files.get(weights));
  });

  it('continues in a later process', async () => {
    hub.breaks = [1000, 0];
    await refuses(
      fetchIt(),
      /stopped after 1000 of 10560 bytes .* run the command again to continue from there/,
    );
    const [partial = ''] = partials();
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    renameSync(
      join(cacheFolder(), 'blobs', partial),
      join(cacheFolder(), 'blobs', partial.replace(`.${process.pid}.`, `.${dead}.`)),
    );
    hub.requests = [];
    const folder = await fetchIt();
    assert.deepEqual(
      hub.fetched(weights).map((request) => request.split(' ')[1]),
      ['bytes=1000-'],
    );
    assert.deepEqual(readFileSync(join(folder, weights)), hub.files.get(weights));
    assert.deepEqual(partials(), []);
  });

  it('waits and retries as often as allowed', async () => {
    hub.breaks = [0, 0];
    await fetchIt({ retrySeconds: [0, 0] });
    assert.equal(hub.fetched(weights).length, 3);
  });

  it('starts again if the server does not support ranges', async () => {
    hub.breaks = [1000];
    hub.ignoresRange = true;
    const folder = await fetchIt();
    assert.deepEqual(readFileSync(join(folder, weights)), hub.files.get(weights));
  });

  it('leaves the partial file of a living process alone', async () => {
    const blobs = join(cacheFolder(), 'blobs');
    const hash = createHash('sha256')
      .update(hub.files.get(weights) ?? '')
      .digest('hex');
    const theirs = join(blobs, `${hash}.${process.ppid}.incomplete`);
    mkdirSync(blobs, { recursive: true });
    writeFileSync(theirs, 'x');
    await fetchIt();
    assert.equal(readFileSync(theirs, 'utf8'), 'x');
  });
});

describe('an unfinished download of a process that has ended', () => {
  it('is removed when the model is complete, but not that of a running process', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const other = 'b'.repeat(64);
    const blobs = join(cacheFolder(), 'blobs');
    mkdirSync(blobs, { recursive: true });
    const living = `${other}.${process.ppid}.incomplete`;
    // Written by another machine, where process ids mean nothing.
    const elsewhere = `${other}.another-machine.${dead}.incomplete`;
    const pythons = `${other}.incomplete`;
    for (const name of [`${other}.${dead}.incomplete`, living, elsewhere, pythons])
      writeFileSync(join(blobs, name), 'x');
    await fetchIt();
    assert.deepEqual(partials().sort(), [living, elsewhere, pythons].sort());
    utimesSync(join(blobs, elsewhere), 0, 0);
    await fetchIt();
    assert.deepEqual(partials().sort(), [living, pythons].sort());
  });
});

describe('a hub that sends wrong data', () => {
  it('is detected by the hash, and the data is removed', async () => {
    hub.corrupt = (bytes) => Buffer.from(bytes.map((byte) => byte ^ 1));
    await refuses(fetchIt(), /arrived damaged/);
    assert.deepEqual(readdirSync(join(cacheFolder(), 'blobs')), []);
    hub.corrupt = (bytes) => bytes;
    await fetchIt();
  });

  it('is cut off when it sends more than it announced', async () => {
    hub.corrupt = (bytes) => Buffer.concat([bytes, Buffer.alloc(100)]);
    await refuses(fetchIt(), /sent more than its \d+ bytes/);
  });

  it('is refused when it is not a hub', async () => {
    hub.failure = { status: 200 };
    await refuses(fetchIt(), /does not answer like a Hugging Face hub/);
  });

  it('is refused when the model has no PyTorch weights', async () => {
    hub.files.delete(weights);
    hub.files.set('tf_model.h5', Buffer.from('x'));
    await refuses(
      fetchIt(),
      /no weights that can be read: it holds .*"tf_model\.h5".* but needs config\.json/,
    );
  });
});

describe('a hub with invalid responses', () => {
  const entry = (more: object) => ({
    type: 'file',
    path: 'config.json',
    size: 1,
    oid: 'a'.repeat(40),
    ...more,
  });
  const odd = (body: unknown) => {
    hub.tree = () => ({ body: typeof body === 'string' ? body : JSON.stringify(body) });
  };

  it('is refused if its list of files is invalid', async () => {
    for (const body of ['null', '{}', '7', '"abc"', '', '{', '[[1]]'.repeat(2)]) {
      odd(body);
      await refuses(
        fetchIt(),
        /does not answer like a Hugging Face hub about owner\/name \(no (JSON|list of)/,
      );
    }
  });

  it('is treated as having no files if the entries are unusable', async () => {
    for (const body of ['[]', '[null]', '[7, "a"]', '[[]]']) {
      odd(body);
      await refuses(fetchIt(), /it holds no model files/);
    }
    for (const more of [
      { path: null },
      { path: 7 },
      { size: -1 },
      { size: 1.5 },
      { size: '1' },
      { oid: ['a'.repeat(40)] },
      { oid: '../x' },
      { lfs: { oid: null, size: 1 } },
      { type: 'symlink' },
    ]) {
      odd([entry(more)]);
      await refuses(fetchIt(), /owner\/name has no weights that can be read: it holds no model files/);
    }
  });

  it('is refused if its list has too many pages or continues on another server', async () => {
    hub.tree = (page) => ({
      body: '[]',
      next: `${hub.endpoint}/api/models/owner/name/tree/${commit}?page=${page}`,
    });
    await refuses(fetchIt({ limits: { answers: 5 } }), /\(more than 5 pages\); check HF_ENDPOINT$/);
    assert.equal(hub.requests.length, 5);
    hub.tree = () => ({ body: '[]', next: 'http://127.0.0.1:9/tree' });
    await refuses(fetchIt(), /\(a page on another server\)/);
  });

  it('is refused if its responses are too long', async () => {
    odd(`[${' '.repeat(2000)}]`);
    await refuses(fetchIt({ limits: { answerBytes: 2000 } }), /\(more than 2000 bytes\)/);
  });

  it('is given up if it does not respond', async () => {
    hub.silent = true;
    await refuses(fetchIt({ limits: { answerSeconds: 0.05 } }), /cannot reach .* \(no answer in time\)/);
  });

  it('is refused if a text file is too large', async () => {
    odd([entry({ size: 2 ** 40 }), entry({ path: weights })]);
    await refuses(fetchIt(), /its file "config\.json" has 1099511627776 bytes, more than any model needs/);
  });
});

describe('a hub that refuses', () => {
  const cases: [number, string | undefined, RegExp][] = [
    [
      404,
      'RepoNotFound',
      /microsoft\/DialogGPT-small is not on http.*did you mean microsoft\/DialoGPT-small\?.*HF_TOKEN/,
    ],
    [401, undefined, /is not on http.*or set HF_TOKEN if it is private/],
    [404, 'RevisionNotFound', /has no revision "main"/],
    [401, 'GatedRepo', /is gated: accept its conditions .* set HF_TOKEN/],
    [403, undefined, /is gated/],
    [429, undefined, /refuses more requests/],
    [503, undefined, /failed with status 503 .* try again later/],
  ];
  for (const [status, code, pattern] of cases)
    it(`with ${status} ${code ?? ''} is explained`, async () => {
      hub.failure = { status, ...(code === undefined ? {} : { code }) };
      await refuses(fetchIt({}, 'microsoft/DialogGPT-small'), pattern);
      assert.ok(!existsSync(home), 'nothing is written');
    });

  it('does not accept a token', async () => {
    hub.failure = { status: 401 };
    await refuses(fetchIt({ environment: environment({ HF_TOKEN: 'hf_x' }) }), /does not accept the token/);
  });

  it('cannot be reached: the message names the endpoint and what to do', async () => {
    const gone = { environment: environment({ HF_ENDPOINT: 'http://127.0.0.1:9' }) };
    await refuses(
      fetchIt(gone),
      /cannot reach http:\/\/127\.0\.0\.1:9 for owner\/name.*local model folder.*HF_HUB_OFFLINE/,
    );
  });
});

describe('the address of the hub', () => {
  const refusesAt = (address: string, pattern: RegExp, fault = 'model') =>
    refuses(fetchIt({ environment: environment({ HF_ENDPOINT: address }) }), pattern, fault);

  it('may contain a name and a password, which are sent to the server and never shown', async () => {
    const address = hub.endpoint.replace('//', '//me:se%20cret@');
    await fetchIt({ environment: environment({ HF_ENDPOINT: `${address}/`, HF_TOKEN: 'hf_x' }) });
    assert.deepEqual([...hub.authorizations], [`Basic ${Buffer.from('me:se cret').toString('base64')}`]);
    rmSync(home, { recursive: true });
    for (const status of [401, 403, 404, 429, 500]) {
      hub.failure = { status };
      await refusesAt(address, /^(?!.*se(%20| )cret)/);
    }
    hub.failure = { status: 200 };
    await refusesAt(address, /^(?!.*se(%20| )cret).*does not answer like a Hugging Face hub/);
  });

  it('is refused if it is invalid, without showing its password', async () => {
    for (const address of [
      'huggingface.co',
      'ftp://me:secret@h',
      'https://me:sec/ret@h',
      'https://m:%e0secret@h',
    ])
      await refusesAt(
        address,
        /^HF_ENDPOINT is "(?!.*sec).*", which is not the address of a server; set it like/,
        'usage',
      );
  });
});

describe('the token', () => {
  it('is refused if it is not valid in a header, and is not shown', async () => {
    for (const token of ['hf_se\ncret', 'hf_sécret'])
      await refuses(
        fetchIt({ environment: environment({ HF_TOKEN: token }) }),
        /^HF_TOKEN contains characters that a Hugging Face token never has(?!.*cret)/,
        'usage',
      );
  });

  it('is read from regular files only', async () => {
    for (const file of ['/dev/zero', scratch])
      await refuses(
        fetchIt({ environment: environment({ HF_TOKEN_PATH: file }) }),
        /token in .* cannot be read \(is a \w+, not a regular file\); set HF_TOKEN/,
        'usage',
      );
  });

  it('comes from HF_TOKEN, or from the file that a login saves', async () => {
    await fetchIt();
    assert.deepEqual([...hub.authorizations], [undefined]);
    writeFileSync(join(home, 'token'), 'hf_file\n');
    assert.equal(hubToken(environment()), 'hf_file');
    assert.equal(hubToken(environment({ HF_TOKEN: 'hf_env' })), 'hf_env');
  });

  it('is sent to the endpoint and not to the target of a redirect', async () => {
    const elsewhere = new FakeHub();
    elsewhere.files = hub.files;
    await elsewhere.start();
    hub.redirectTo = elsewhere.endpoint;
    await fetchIt({ environment: environment({ HF_TOKEN: 'hf_env' }) });
    await elsewhere.stop();
    assert.deepEqual([...hub.authorizations], ['Bearer hf_env']);
    assert.deepEqual([...elsewhere.authorizations], [undefined]);
  });
});

describe('the cache', () => {
  it('is in the same place as that of huggingface_hub', () => {
    assert.equal(hubCacheFolder({ HF_HOME: '/h' }), join('/h', 'hub'));
    assert.equal(hubCacheFolder({ HF_HOME: '/h', HF_HUB_CACHE: '/c' }), '/c');
    assert.equal(hubCacheFolder({ XDG_CACHE_HOME: '/x' }), join('/x', 'huggingface', 'hub'));
  });

  const python = process.env.CHATBOT_TRAIN_PYTHON;
  it('is usable from Python after this program has filled it', {
    skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers and torch',
  }, async () => {
    const folder = await fetchIt();
    const program = `
from huggingface_hub import snapshot_download, scan_cache_dir
print(snapshot_download("owner/name", local_files_only=True))
assert not scan_cache_dir().warnings, scan_cache_dir().warnings`;
    const offline = { ...process.env, HF_HOME: home, HF_HUB_OFFLINE: '1' };
    const { stdout, stderr } = spawnSync(python ?? '', ['-c', program], { encoding: 'utf8', env: offline });
    assert.equal(stdout.trim(), folder, stderr);
  });
});

describe('parseHubId', () => {
  it('accepts names and revisions, and nothing that leaves the cache', () => {
    assert.deepEqual(parseHubId('gpt2'), { id: 'gpt2', revision: 'main' });
    assert.deepEqual(parseHubId('a/b.c-d@refs/pr/1'), { id: 'a/b.c-d', revision: 'refs/pr/1' });
    for (const name of [
      '',
      '..',
      '../x',
      'a/../b',
      'a/b/c',
      'a/b@../../x',
      'a/b@x/..',
      'a--b/c',
      '/a',
      'a/',
      'a b',
      'a/b@',
    ])
      assert.equal(parseHubId(name), undefined, name);
  });
});

describe('resolveModel', () => {
  const options = () => ({ environment: environment(), retrySeconds: [] });

  it('tries a folder, then a preset, then a model of the hub', async () => {
    const folder = join(goldens, 'zip');
    assert.deepEqual(await resolveModel(folder, options()), {
      kind: 'folder',
      name: 'zip',
      folder,
      fetched: false,
    });
    for (const name of ['tiny', 'preset:tiny'])
      assert.deepEqual(await resolveModel(name, options()), { kind: 'preset', name: 'tiny', preset: 'tiny' });
    assert.deepEqual(await resolveModel('owner/name', options()), {
      kind: 'folder',
      name: 'name',
      folder: join(cacheFolder(), 'snapshots', commit),
      fetched: true,
    });
  });

  it('says that a path does not exist instead of asking the hub', async () => {
    for (const name of [
      './nothing',
      '/nothing/here',
      'a/b/c',
      'nothing/',
      '~/model',
      'C:\\model',
      'src/nothing',
      '',
    ])
      await refuses(resolveModel(name, options()), /there is no folder/);
    assert.deepEqual(hub.requests, []);
  });

  it('suggests presets only where they are useful', async () => {
    await refuses(resolveModel('preset:tinny', options()), /did you mean tiny\?/);
    await refuses(resolveModel('tinny', options()), /tinny.*did you mean the preset tiny\?$/);
    await refuses(resolveModel('./tiny', options()), /or name a preset \(tiny\) or a model of the hub/);
    const without = { ...options(), proposePresets: false };
    await refuses(resolveModel('tinny', without), /^tinny is not on [^?]*$/);
    await refuses(resolveModel('./tiny', without), /spelling, or name a model of the hub \([^)]*\)$/);
    assert.equal((await resolveModel('tiny', without)).kind, 'preset');
  });
});
