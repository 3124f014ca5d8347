// `chatbot-data prepare`: a settings file with the same keys as the flags, a sentence for a typo, options without effect.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Given } from '../../config/schema.js';
import { keptSourcesName } from '../../corpus/prepared/prepared-files.js';
import { prepareCommand } from './prepare.js';

const folder = mkdtempSync(join(tmpdir(), 'prepare-config-'));
after(() => rmSync(folder, { recursive: true }));

async function failure(yaml: string): Promise<string> {
  const config = join(folder, 'prepare.yaml');
  writeFileSync(config, yaml);
  const given = new Map([['config', { value: config, where: 'on the command line' }]]);
  const error = await prepareCommand(given).then(
    () => assert.fail('it is refused'),
    (thrown: unknown) => String(thrown),
  );
  return error.replace(config, 'prepare.yaml');
}

test('an unknown option is refused with its line and the nearest one', async () => {
  assert.equal(
    await failure('out: corpus\nmax-reply-cuont: 5\n'),
    'UserError: prepare.yaml:2 sets the unknown option "max-reply-cuont"; did you mean max-reply-count?',
  );
});

test('a rule can be turned off, and its value is checked', async () => {
  assert.match(
    await failure('no-mojibake: true\nmax_turn_words: none\n'),
    /prepare\.yaml:2, but must be a whole/,
  );
});

test('options without effect are named', async () => {
  const source = join(folder, 'faq.csv');
  writeFileSync(source, 'question,answer\nHello,Hi\nBye,See you\n');
  const given = {
    paths: [source],
    out: join(folder, 'corpus'),
    redactWith: 'fake',
    evalRatio: 0,
    splitBy: 'time',
  };
  const stderr = new PassThrough({ encoding: 'utf8' });
  const flags = Object.entries(given).map(
    ([key, value]) => [key, { value, where: 'on the command line' }] as const,
  );
  const stdout = new PassThrough();
  assert.equal(await prepareCommand(new Map<string, Given>(flags), { stdout, stderr }), 0);
  const [first, second] = String(stderr.read()).split('\n');
  assert.equal(first, '--redact-with has no effect, because --redact is none');
  assert.equal(second, '--split-by has no effect, because --eval-ratio is 0');
});

test('the same sources give the same bytes in any folder', async () => {
  const source = join(folder, 'again.csv');
  writeFileSync(source, 'question,answer\nHello,Hi\nBye,See you\nThanks,Welcome\n');
  const made = async (name: string, flags: Record<string, unknown>) => {
    const given = { paths: [source], out: join(folder, name), evalRatio: 0.4, quiet: true, ...flags };
    const words = Object.entries(given).map(
      ([key, value]) => [key, { value, where: 'on the command line' }] as const,
    );
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
    assert.equal(await prepareCommand(new Map<string, Given>(words), streams), 0);
    const names = readdirSync(given.out)
      .filter((file) => file !== keptSourcesName)
      .sort();
    const bytesOf = (file: string) => readFileSync(join(given.out, file));
    return names.map((file) => [file, file.endsWith('.gz') ? gunzipSync(bytesOf(file)) : bytesOf(file)]);
  };
  assert.deepEqual(await made('one', {}), await made('other', { json: true, force: true }));
});
