// Both programs print text from untrusted sources: names of files, tensors, fields, tokens and roles, and server answers.
// No character in such text may control the terminal or reorder the output.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chatHere } from './chat-here.js';
import { repositoryRoot } from './repository.js';
import { makeTinyCorpus, makeTinyModel, type Outcome, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('hostile-names');
const goodModel = makeTinyModel(join(root, 'model'));
const goodData = makeTinyCorpus(join(root, 'chats.json'));

/** Sets the window title, sets a colour with a C1 control, reverses the text direction, and adds line breaks. */
const hostile = '\u001b]0;owned\u0007\u009b31m\u202egnp.exe\u2028\u2066\r\u0085';
/** Also valid as a file name. */
const hostileName = `${hostile}\nerror: forged`;

const unsafe = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Runs a program and returns everything it prints, with its exit code. */
async function run(
  program: 'main' | 'chat/main',
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ printed: string; code: number | null }> {
  const child = spawn(process.execPath, [join(repositoryRoot, 'dist/src/cli', `${program}.js`), ...args], {
    cwd: root,
    env: { ...process.env, HF_HUB_OFFLINE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      printed += chunk;
    });
  const [code] = await once(child, 'close');
  return { printed, code };
}

function assertSafe(outcome: { printed: string; code: number | null } | Outcome, says: RegExp): void {
  const { code } = outcome;
  const printed = 'printed' in outcome ? outcome.printed : `${outcome.stdout}${outcome.stderr}`;
  assert.match(printed, says);
  assert.doesNotMatch(printed, unsafe);
  assert.doesNotMatch(printed, /^error: forged/m);
  assert.doesNotMatch(printed, /a defect of/);
  assert.ok(code !== 1, printed);
}

let folders = 0;
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = join(root, `folder-${folders++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** A copy of the good model with one file replaced. */
function modelWith(name: string, content: string | Uint8Array): string {
  const folder = join(root, `folder-${folders++}`);
  cpSync(goodModel, folder, { recursive: true });
  writeFileSync(join(folder, name), content);
  return folder;
}

// Each kind of name is printed by a process once. What differs is read in this one.
const dry = ['--output-dir', join(root, 'out'), '--dry-run'];
const train = (...args: string[]) => run('main', [...dry, ...args]);
const trainInside = (...args: string[]) => trainHere([...dry, ...args]);
const chatInside = (model: string) => chatHere([model, '--prompt', 'Hi']);

describe('a terminal is safe from', { skip: process.platform === 'win32' }, () => {
  it('file names', async () => {
    const data = folderWith({ [`${hostileName}.json`]: '{' });
    assertSafe(await train('--model', goodModel, '--data', data), /is not JSON/);
    const skipped = folderWith({ [`${hostileName}.xyz`]: '', 'good.json': readFileSync(goodData, 'utf8') });
    assertSafe(await trainInside('--model', goodModel, '--data', skipped), /unknown format|skipped/);
    const model = join(root, hostileName);
    assertSafe(await trainInside('--model', model, '--data', goodData), /owned/);
    assertSafe(await run('chat/main', [model, '--prompt', 'Hi']), /owned/);
  });

  it('field names and roles in a corpus', async () => {
    const record = (value: object) => folderWith({ 'data.jsonl': `${JSON.stringify(value)}\n` });
    assertSafe(await train('--model', goodModel, '--data', record({ [hostile]: 1 })), /error: /);
    const messages = [
      { role: hostile, content: 'Hi' },
      { [hostile]: hostile, content: 'Hello' },
    ];
    assertSafe(await trainInside('--model', goodModel, '--data', record({ messages })), /\S/);
  });

  it('names of tensors and dtypes', async () => {
    const header = JSON.stringify({ [hostile]: { dtype: hostile, shape: [1], data_offsets: [0, 4] } });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    const bytes = Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]);
    const model = modelWith('model.safetensors', bytes);
    assertSafe(await chatInside(model), /of type/);
  });

  it('values in a config and tokens in a tokenizer', async () => {
    const config = JSON.stringify({ model_type: hostile });
    assertSafe(await run('chat/main', [modelWith('config.json', config), '--prompt', 'Hi']), /model_type/);
    const broken = `{"model_type": ${hostile}`;
    assertSafe(await chatInside(modelWith('config.json', broken)), /as JSON/);
    const roles = JSON.stringify({ eos_token: hostile });
    const model = modelWith('special_tokens_map.json', roles);
    assertSafe(await chatInside(model), /token/);
    const options = folderWith({ 'run.yaml': JSON.stringify({ [hostile]: 1 }) });
    assertSafe(await run('main', ['--config', join(options, 'run.yaml')]), /unknown option/);
  });

  it('the answers of a program for machines', async () => {
    const answer = await train('--model', goodModel, '--data', goodData, '--json', '--output-dir', hostile);
    assertSafe(answer, /"output_dir":"\\u001b/);
  });

  describe('a server', () => {
    let server: Server;
    before(async () => {
      server = createServer((request, response) => {
        response.setHeader('content-type', 'application/json');
        response.setHeader('x-error-message', 'owned \u009b31m');
        const isInfo = request.url?.includes('/revision/') === true;
        const sha = 'c0ffee'.padEnd(40, '0');
        const tree = [{ type: 'file', path: `${hostile}.bin`, size: 3, oid: sha }];
        response.end(JSON.stringify(isInfo ? { id: hostile, sha, _id: '1' } : tree));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    after(() => server.close());

    it('that lists files with hostile names', async () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const env = {
        HF_HUB_OFFLINE: '0',
        HF_ENDPOINT: `http://127.0.0.1:${port}`,
        HF_HOME: join(root, 'cache'),
      };
      assertSafe(await run('chat/main', ['owner/name', '--prompt', 'Hi'], env), /owner\/name/);
    });
  });
});
