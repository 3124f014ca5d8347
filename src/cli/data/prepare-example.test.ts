// configs/prepare.example.yaml runs as it is, with the defaults, and names every setting of the rules.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { repositoryRoot } from '../../../test/repository.js';
import { readConfigOf } from '../../config/file.js';
import { prepareOptions } from '../../config/prepare-options.js';
import { defaultText, entriesOf, kebab } from '../../option-spec.js';
import { ruleOptions } from '../../prepare/rules.js';
import { prepareCommand } from './prepare.js';

const example = join(repositoryRoot, 'configs/prepare.example.yaml');
const camel = (key: string) => key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
/** What the example has to say itself, and what is no setting. */
const own = ['paths', 'out', 'force'];

test('the example names settings with their defaults, and all of the rules', async () => {
  const given = await readConfigOf(example, { table: prepareOptions, command: 'chatbot-data prepare' });
  const off = [...readFileSync(example, 'utf8').matchAll(/^# ([a-z-]+): /gm)].map(([, key]) => key);
  for (const key of off) assert.ok(camel(key ?? '') in prepareOptions, key);
  for (const [key, spec] of entriesOf(prepareOptions)) {
    if (own.includes(key) || ('onlyFlag' in spec && spec.onlyFlag)) continue;
    if (!given.has(key) && !(key in ruleOptions)) continue;
    if (spec.default === null) assert.ok(off.includes(kebab(key)), `${kebab(key)} is missing`);
    else
      assert.deepEqual(given.get(key)?.value, spec.default, `${kebab(key)} should be ${defaultText(spec)}`);
  }
});

test('the example runs as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  const before = process.cwd();
  try {
    symlinkSync(join(repositoryRoot, 'data'), join(folder, 'data'));
    process.chdir(folder);
    const given = new Map([['config', { value: example, where: 'on the command line' }]]);
    const [stdout, stderr] = [new PassThrough({ encoding: 'utf8' }), new PassThrough()];
    assert.equal(await prepareCommand(given, { stdout, stderr }), 0);
    assert.match(String(stdout.read()), /^corpus: \d+ dialogues to train on, \d+ to evaluate on\n$/);
    assert.ok(existsSync(join(folder, 'corpus/manifest.json')));
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
});
