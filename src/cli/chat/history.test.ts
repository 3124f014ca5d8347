import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusal } from '../../../test/refusal.js';
import { UserError } from '../../errors.js';
import { HistoryFile, historySize } from './history.js';

const scratch = mkdtempSync(join(tmpdir(), 'history-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
const freshPath = () => join(scratch, String(files++), 'state', 'chat-history');

describe('the history file', () => {
  it('is empty where there is none, and brings back the newest first', () => {
    const path = freshPath();
    assert.deepEqual(new HistoryFile(path).read(), []);
    new HistoryFile(path).add('one');
    new HistoryFile(path).add('你好 🎉');
    assert.deepEqual(new HistoryFile(path).read(), ['你好 🎉', 'one']);
    assert.equal(readFileSync(path, 'utf8'), 'one\n你好 🎉\n');
  });

  it('is for its owner alone', { skip: process.platform === 'win32' }, () => {
    const path = freshPath();
    new HistoryFile(path).add('secret');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  });

  it('keeps the last entries, and one of a line that is repeated', () => {
    const path = freshPath();
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, Array.from({ length: historySize + 5 }, (_, index) => `${index}\n`).join(''));
    const history = new HistoryFile(path);
    assert.equal(history.read().length, historySize);
    history.add('new');
    history.add('new');
    const kept = history.read();
    assert.equal(kept.length, historySize);
    assert.deepEqual(kept.slice(0, 2), ['new', String(historySize + 4)]);
  });

  it('takes nothing from a conversation beside it', () => {
    const path = freshPath();
    const [one, other] = [new HistoryFile(path), new HistoryFile(path)];
    one.read();
    other.add('theirs');
    one.add('ours');
    assert.deepEqual(one.read(), ['ours', 'theirs']);
  });

  it('does not bring back what would command the terminal', () => {
    const path = freshPath();
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '\x1b]0;title\x07hi\n\x1b\n');
    assert.deepEqual(new HistoryFile(path).read(), [']0;titlehi']);
  });

  it('leaves a damaged file alone and says so', () => {
    for (const damage of [Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('a\0b\n')]) {
      const path = freshPath();
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, damage);
      for (const action of [() => new HistoryFile(path).read(), () => new HistoryFile(path).add('x')])
        assert.match(refusal('data', action), /chat-history cannot be read .*; delete it/);
      assert.deepEqual(readFileSync(path), damage);
    }
  });

  // Root writes everywhere.
  const itAsUser = process.getuid?.() === 0 ? () => {} : it;
  itAsUser('says when it cannot be written', () => {
    const path = freshPath();
    mkdirSync(join(path, '..'), { recursive: true });
    chmodSync(join(path, '..'), 0o500);
    assert.match(
      refusal('device', () => new HistoryFile(path).add('x')),
      /permission is denied/,
    );
  });

  it('says when a file is where its folder is to be', () => {
    const path = freshPath();
    mkdirSync(join(path, '../..'), { recursive: true });
    writeFileSync(join(path, '..'), '');
    // Node 20 sees it when it looks for the file, later versions when they make the folder.
    assert.throws(() => new HistoryFile(path).add('x'), UserError);
  });
});
