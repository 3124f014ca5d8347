// `chatbot-data augment --back-translate`: from a prepared corpus to an augmented one, with a translator that is a script, a server,
// a real program or a model.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { repositoryRoot } from '../../../test/repository.js';
import type { Given } from '../../config/schema.js';
import { parsePrepared } from '../../corpus/prepared/prepared-dialogue.js';
import { UserError } from '../../errors.js';
import { translationsPath } from '../../prepare/augment/back-translation/translation-cache.js';
import { augmentCommand } from './augment.js';
import { prepareCommand } from './prepare.js';

const root = mkdtempSync(join(tmpdir(), 'back-translate-'));
after(() => rmSync(root, { recursive: true, force: true }));
const corpus = join(root, 'corpus');
/** Notes the lines of each start, one JSON list a line, and answers them in other words. */
const script = join(root, 'translate.mjs');
const asked = join(root, 'asked.txt');

const streams = () => ({
  stdout: new PassThrough({ encoding: 'utf8' }),
  stderr: new PassThrough({ encoding: 'utf8' }),
});
const givenBy = (values: Readonly<Record<string, unknown>>) =>
  new Map<string, Given>(
    Object.entries(values).map(([key, value]) => [key, { value, where: 'on the command line' }]),
  );

before(async () => {
  const rows = Array.from(
    { length: 30 },
    (_, index) => `"Where is my order ${index}? I do not see it, [PHONE]",It is on its way`,
  );
  writeFileSync(join(root, 'faq.csv'), `question,answer\n${rows.join('\n')}\n`);
  const given = givenBy({ paths: [join(root, 'faq.csv')], out: corpus, evalRatio: 0.2 });
  assert.equal(await prepareCommand(given, streams()), 0);
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync } from 'node:fs';
const [, , asked, from, to] = process.argv;
const lines = readFileSync(0, 'utf8').split('\\n').slice(0, -1);
appendFileSync(asked, JSON.stringify([from, to, lines]) + '\\n');
if (process.env.BACK_TRANSLATE_STOPS && from === 'es') {
  process.kill(process.ppid, 'SIGTERM');
  setInterval(() => {}, 1e6);
}
else for (const line of lines) console.log(from === 'en' ? '¿' + line.replace('order', 'pedido') : line.slice(1).replace('pedido', 'purchase'));
`,
  );
});

let outputs = 0;
const newOutput = () => join(root, `out-${outputs++}`);
const command = `"${process.execPath}" "${script}" "${asked}" {from} {to}`;

async function augmented(values: Readonly<Record<string, unknown>>, out = newOutput()) {
  const { stdout, stderr } = streams();
  const status = await augmentCommand(givenBy({ corpus, out, ...values }), { stdout, stderr });
  const text = gunzipSync(readFileSync(join(out, 'train.jsonl.gz'))).toString();
  const added = text
    .split('\n')
    .slice(0, -1)
    .map((line) => parsePrepared(line, out))
    .filter((one) => one.augmented !== undefined);
  return { status, out, added, said: String(stderr.read() ?? '') };
}

const contents = (folder: string) =>
  readdirSync(folder)
    .map((name) => {
      const bytes = readFileSync(join(folder, name));
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    })
    .join('\n');

describe('chatbot-data augment --back-translate', () => {
  it('adds marked dialogues and leaves nothing beside the corpus', async () => {
    const { status, out, added } = await augmented({ backTranslate: 'en-es', translateCommand: command });
    assert.equal(status, 0);
    assert.equal(added.length, 24);
    assert.ok(added.every(({ augmented: mark }) => mark?.by === 'back-translation'));
    for (const { dialogue } of added) {
      assert.match(dialogue.turns[0]?.text ?? '', /^Where is my purchase \d+\? I do not see it, \[PHONE\]$/);
      assert.equal(dialogue.turns[1]?.text, 'It is on its way');
    }
    assert.equal(existsSync(translationsPath(out)), false);
    assert.doesNotMatch(contents(out), /pedido/);
    const same = await augmented({ backTranslate: 'en-es', translateCommand: command });
    assert.equal(contents(same.out), contents(out));
  });

  it('refuses a translator in a config file, which may come from somebody else', async () => {
    for (const line of [
      'translate-command: a {from} {to}',
      'translate-url: https://a.example',
      'translate-key-variable: K',
    ]) {
      const config = join(root, 'augment.yaml');
      writeFileSync(config, `${line}\n`);
      await assert.rejects(augmented({ config }), (thrown) => {
        assert.ok(thrown instanceof UserError);
        return thrown.code === 'config-invalid';
      });
    }
  });

  it('writes nothing if the translator fails, and says how', async () => {
    const out = newOutput();
    const fails = `"${process.execPath}" -e "console.error('no such language'); process.exit(1)" {from} {to}`;
    await assert.rejects(augmented({ backTranslate: 'en-es', translateCommand: fails }, out), {
      code: 'translator-failed',
      message: /failed with exit status 1: no such language$/,
    });
    assert.equal(existsSync(out), false);
  });

  it('sends texts to a server without a trace of its key', async () => {
    const keys = new Set<string | undefined>();
    const server = createServer((request, response) => {
      let body = '';
      keys.add(request.headers.authorization);
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        const texts: string[] = JSON.parse(JSON.parse(body).messages.at(-1).content);
        const content = JSON.stringify(texts.map((text) => text.replace('Where', 'In which place')));
        response.end(JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }] }));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    process.env.BACK_TRANSLATE_TEST_KEY = 'sk-very-secret';
    try {
      const { added, said, out } = await augmented({
        backTranslate: 'en-es',
        translateUrl: `http://127.0.0.1:${port}/v1`,
        translateModel: 'small',
        translateKeyVariable: 'BACK_TRANSLATE_TEST_KEY',
      });
      assert.match(added[0]?.dialogue.turns[0]?.text ?? '', /^In which place is my order/);
      assert.deepEqual([...keys], ['Bearer sk-very-secret']);
      assert.equal(said, '');
      assert.doesNotMatch(contents(out), /very-secret/);
      assert.match(contents(out), /BACK_TRANSLATE_TEST_KEY/);
    } finally {
      delete process.env.BACK_TRANSLATE_TEST_KEY;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  const hasApertium =
    spawnSync('apertium', ['-l'], { encoding: 'utf8' }).stdout?.includes('eng-spa') === true;
  it('works with apertium', {
    skip: !hasApertium && 'needs apertium-eng-spa (sudo apt install apertium-eng-spa)',
  }, async () => {
    const { added } = await augmented({
      backTranslate: 'eng-spa',
      translateCommand: 'apertium -u {from}-{to}',
    });
    assert.ok(added.length > 0);
    for (const { dialogue } of added) {
      const [text = ''] = dialogue.turns.map((turn) => turn.text);
      assert.match(text, / \d+\b/);
      assert.match(text, /\[PHONE\]$/);
    }
  });
});

it('keeps the translations of a run that was stopped for the next one', async () => {
  const out = newOutput();
  rmSync(asked, { force: true });
  const main = join(repositoryRoot, 'dist/src/cli/data/main.js');
  const words = [
    main,
    'augment',
    corpus,
    '--back-translate',
    'en-es',
    '--translate-command',
    command,
    '--out',
    out,
  ];
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BACK_TRANSLATE_STOPS: '1' },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  // The program for the way back stops the one that has started it, and does not answer.
  assert.deepEqual(await once(child, 'close'), [143, null]);
  assert.match(
    said,
    /SIGTERM: stopped, nothing was written; the same command continues with the translations/,
  );
  assert.equal(existsSync(out), false);
  assert.equal(statSync(translationsPath(out)).mode & 0o777, 0o600);

  rmSync(asked);
  const { status, said: note } = await augmented({ backTranslate: 'en-es', translateCommand: command }, out);
  assert.equal(status, 0, note);
  assert.match(note, /back-translation: 24 translations were kept from an earlier run/);
  // Only the way back was left to do.
  assert.match(readFileSync(asked, 'utf8'), /^\["es","en",.*\n$/);
  assert.equal(existsSync(translationsPath(out)), false);
});
