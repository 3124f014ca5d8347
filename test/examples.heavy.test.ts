// The programs in examples/ as a newcomer runs them, and their types: both against the package's own exports.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { repositoryRoot } from './repository.js';
import { scratchFolder } from './tiny-run.js';

function example(name: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('examples', name), ...words], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

describe('the examples', () => {
  const folder = scratchFolder('examples');

  it('have the types that the package publishes', () => {
    const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'examples'], { cwd: repositoryRoot, stdio: 'inherit' });
  });

  it('read a corpus and count its tokens', () => {
    const lines = example('corpus.mjs', 'data/faq.json').split('\n');
    assert.match(lines[0] ?? '', /^data\/faq\.json: \d+ dialogues, \d+ turns \(qa\)$/);
    assert.match(lines[1] ?? '', /^\d+ tokens in \d+ dialogues$/);
  });

  it('train a model and talk to it', () => {
    const output = join(folder, 'model');
    assert.match(example('train.mjs', output, '2'), /step 2: loss [\d.]+\n[\s\S]*the model is in /);
    assert.match(example('chat.mjs', output, 'Hello!'), /you: Hello!\nbot: [\s\S]*the greedy reply/);
  });
});
