import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadedModules } from '../../../test/loaded-modules.js';
import { openStore } from '../../bots/store/open-store.js';
import { chatOptions } from '../../config/chat-options.js';
import { entriesOf, flagOf, isPositional } from '../../option-spec.js';

const main = fileURLToPath(new URL('main.js', import.meta.url));

test('--help lists every option exactly once, on stdout', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.equal(stderr, '');
  const listed = stdout.split('\n').filter((line) => line.startsWith('  --'));
  const flags = entriesOf(chatOptions).filter(([, spec]) => !isPositional(spec));
  for (const [key, spec] of flags) {
    const flag = flagOf(chatOptions, key);
    assert.equal(listed.filter((line) => line.match(/--[a-z0-9-]+/g)?.includes(flag)).length, 1, flag);
    if (spec.alias) assert.match(stdout, new RegExp(`^  --${spec.alias}, ${flag} `, 'm'));
  }
  for (const heading of new Set(flags.map(([, { group }]) => group)))
    assert.equal(stdout.split(`\n${heading}:\n`).length, 2, heading);
  assert.equal(listed.length, flags.length + 2, 'besides the table only --help and --version');
  assert.match(stdout, /^Usage: chatbot-chat \[model\] \[options\]\n/);
  assert.match(stdout, /^ {2}model\n {6}The model to talk to/m);
});

test('--help loads nothing but commander, the option table and the command line', () => {
  const { ours, packages } = loadedModules(main, ['--help']);
  assert.deepEqual(ours, [
    'cli/chat/main.js',
    'cli/flag-names.js',
    'cli/flags.js',
    'cli/program.js',
    'config/chat-options.js',
    'config/device-options.js',
    'config/embedder-options.js',
    'device/names.js',
    'errors.js',
    'generate/settings.js',
    'objects.js',
    'option-names.js',
    'option-spec.js',
    'quote.js',
    'suggest.js',
  ]);
  assert.deepEqual(packages, ['commander']);
});

test('a bot without a model loads what it needs and no more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chat-start-'));
  try {
    const file = join(folder, 'shop.db');
    await (await openStore(file, { create: true })).close();
    const { packages } = loadedModules(main, ['--rules', file, '--prompt', 'hi', '--quiet']);
    for (const unused of ['koffi', 'zod', 'yaml', 'pg', '@huggingface/tokenizers', 'gpt-tokenizer'])
      assert.ok(!packages.includes(unused), unused);
    assert.ok(packages.includes('libsql'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('--version prints the version', () => {
  const { status, stdout } = spawnSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});
