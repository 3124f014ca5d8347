import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { NewFile } from './new-file.js';

describe('a new file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'new-file-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('appears when it is complete, readable only by its owner', () => {
    const path = join(folder, 'deep', 'chats.jsonl');
    const file = new NewFile(path, false);
    file.write('a'.repeat(300_000));
    file.write('ü\n');
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
    file.commit();
    assert.equal(readFileSync(path, 'utf8'), `${'a'.repeat(300_000)}ü\n`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(folder, 'deep')), ['chats.jsonl']);
  });

  it('never replaces a file unasked, even one that appears meanwhile', () => {
    const path = join(folder, 'chats.jsonl');
    const file = new NewFile(path, false);
    file.write('new');
    writeFileSync(path, 'theirs');
    const message = `${path} exists; name another file, or add --force to replace it`;
    assert.equal(
      refusal('usage', () => file.commit()),
      message,
    );
    assert.equal(
      refusal('usage', () => new NewFile(path, false)),
      message,
    );
    assert.equal(readFileSync(path, 'utf8'), 'theirs');
    assert.deepEqual(readdirSync(folder), ['chats.jsonl']);
  });

  it('replaces a file when asked', () => {
    const path = join(folder, 'chats.jsonl');
    writeFileSync(path, 'old');
    const file = new NewFile(path, true);
    file.write('new');
    assert.equal(readFileSync(path, 'utf8'), 'old');
    file.commit();
    assert.equal(readFileSync(path, 'utf8'), 'new');
  });

  it('leaves nothing behind when it is discarded', () => {
    const file = new NewFile(join(folder, 'chats.jsonl'), false);
    file.write('x');
    file.discard();
    assert.deepEqual(readdirSync(folder), []);
  });
});
