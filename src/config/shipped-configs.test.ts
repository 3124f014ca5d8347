import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chatbotTrain } from '../../test/tiny-run.js';
import { loadOptions } from './load.js';
import { shippedConfigNames, shippedConfigPath } from './shipped-configs.js';

const repository = process.cwd();
const elsewhere = mkdtempSync(join(tmpdir(), 'shipped-'));
after(() => {
  process.chdir(repository);
  rmSync(elsewhere, { recursive: true, force: true });
});

const given = (config: string) =>
  new Map([['config', { value: config, where: 'on the command line' }] as const]);

test('the quick start is shipped', () => {
  assert.deepEqual(shippedConfigNames(), ['quickstart']);
});

test('a name finds the shipped config and its data from any folder, and writes where the command runs', async () => {
  process.chdir(elsewhere);
  const { options } = await loadOptions(given('quickstart'));
  process.chdir(repository);
  assert.equal(options.model, 'tiny');
  assert.deepEqual(
    options.data,
    ['faq.json', 'small-talk.jsonl'].map((file) => join(repository, 'data', file)),
  );
  assert.equal(options.outputDir, 'results/quickstart');
});

test('a file of the working folder wins, and so does what looks like a path', async () => {
  process.chdir(elsewhere);
  writeFileSync('quickstart', 'data: mine.json\n');
  const { options } = await loadOptions(given('quickstart'));
  const found = ['./quickstart', 'quickstart.yaml', 'configs/quickstart'].map(shippedConfigPath);
  process.chdir(repository);
  assert.deepEqual(options.data, ['mine.json']);
  assert.deepEqual(found, [null, null, null]);
});

test('a name that is neither says which ones there are', async () => {
  await assert.rejects(
    loadOptions(given('quickstrat')),
    /^UserError: config file quickstrat does not exist; check the path after config, or name a shipped one: quickstart$/,
  );
});

test('--help lists the names', async () => {
  const { stdout } = await chatbotTrain(['--help']);
  assert.match(stdout, /^Configs that --config takes by name: quickstart\.$/m);
});
