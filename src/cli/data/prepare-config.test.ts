// A settings file of `chatbot-data prepare`: the same keys as the flags, and a sentence for a typo.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
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
