import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { UserError } from '../errors.js';
import { AppendFile } from './append-file.js';

const scratch = mkdtempSync(join(tmpdir(), 'append-file-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('AppendFile', () => {
  it('makes missing folders and goes on after what is there', () => {
    const path = join(scratch, 'a', 'b', 'diary');
    for (const entry of ['one ', 'two']) {
      const file = new AppendFile(path);
      file.append(Buffer.from(entry));
      file.close();
    }
    assert.equal(readFileSync(path, 'utf8'), 'one two');
  });

  const modeOf = (path: string) => statSync(path).mode & 0o777;
  const hasModes = process.platform !== 'win32';

  it('makes files that only their owner may read, and keeps the permissions of others', {
    skip: !hasModes,
  }, () => {
    const path = join(scratch, 'own', 'private', 'diary');
    new AppendFile(path, 0o700).close();
    assert.deepEqual([modeOf(path), modeOf(dirname(path))], [0o600, 0o700]);
    chmodSync(path, 0o640);
    chmodSync(dirname(path), 0o750);
    new AppendFile(path, 0o700).close();
    assert.deepEqual([modeOf(path), modeOf(dirname(path))], [0o640, 0o750]);
  });

  it('says in one sentence that the disk is full', { skip: !existsSync('/dev/full') }, () => {
    const path = join(scratch, 'full');
    symlinkSync('/dev/full', path);
    const file = new AppendFile(path);
    assert.throws(
      () => file.append(Buffer.from('entry')),
      (thrown) =>
        thrown instanceof UserError &&
        thrown.fault === 'device' &&
        thrown.message.startsWith(`cannot save ${path}: the disk is full`),
    );
    file.close();
  });

  it('says that a file is where a folder should be', () => {
    writeFileSync(join(scratch, 'taken'), '');
    for (const path of [join(scratch, 'taken', 'diary'), join(scratch, 'taken', 'runs', 'diary')])
      assert.throws(() => new AppendFile(path), UserError);
  });
});
