import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FileRefused, readFileOfFolder, readRegularFile, readText } from './regular-file.js';

const scratch = mkdtempSync(join(tmpdir(), 'regular-file-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function refuses(read: () => unknown, message: RegExp): void {
  assert.throws(read, (thrown) => {
    assert.ok(thrown instanceof FileRefused, String(thrown));
    assert.match(thrown.message, message);
    return true;
  });
}

describe('readRegularFile', () => {
  const path = join(scratch, 'file');
  writeFileSync(path, 'content');

  it('reads a file, also through a link', () => {
    symlinkSync(path, join(scratch, 'link'));
    for (const name of ['file', 'link'])
      assert.equal(String(readRegularFile(join(scratch, name), 7)), 'content');
  });

  it('refuses a file with more bytes than it may have', () => {
    refuses(() => readRegularFile(path, 6), /^has 7 bytes, more than the 6 that can be read/);
  });

  it('refuses folders, named pipes, devices and sockets without opening them', async () => {
    refuses(() => readRegularFile(scratch, 9), /^is a folder/);
    refuses(() => readRegularFile('/dev/zero', 9), /^is a device/);
    const pipe = join(scratch, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    refuses(() => readRegularFile(pipe, 9), /^is a named pipe/);
    const socket = join(scratch, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    refuses(() => readRegularFile(socket, 9), /^is a socket/);
    server.close();
  });

  it("passes the system's errors on", () => {
    assert.throws(() => readRegularFile(join(scratch, 'nothing'), 9), { code: 'ENOENT' });
  });
});

describe('readFileOfFolder', () => {
  const folder = join(scratch, 'model');
  const sha1 = 'a'.repeat(40);
  const blobs = join(scratch, 'models--owner--name', 'blobs');
  mkdirSync(join(folder, 'inner'), { recursive: true });
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(folder, 'inner', 'own'), 'own');
  writeFileSync(join(blobs, sha1), 'blob');
  writeFileSync(join(blobs, 'secret'), 'secret');
  writeFileSync(join(scratch, 'model-secret'), 'secret');
  const read = (name: string) => String(readFileOfFolder(join(folder, name), 9));

  it('follows links to files of the folder and of a Hugging Face cache', () => {
    symlinkSync(join('inner', 'own'), join(folder, 'to-own'));
    symlinkSync(join(blobs, sha1), join(folder, 'to-blob'));
    assert.equal(read('to-own'), 'own');
    assert.equal(read('to-blob'), 'blob');
  });

  it('reads a folder that is itself behind a link', () => {
    symlinkSync(folder, join(scratch, 'elsewhere'));
    assert.equal(String(readFileOfFolder(join(scratch, 'elsewhere', 'to-own'), 9)), 'own');
  });

  it('refuses links that leave the folder, also by way of another link', () => {
    symlinkSync(join('..', 'model-secret'), join(folder, 'out'));
    symlinkSync('out', join(folder, 'twice'));
    symlinkSync(join(blobs, 'secret'), join(folder, 'no-blob'));
    for (const name of ['out', 'twice', 'no-blob']) refuses(() => read(name), /^is a link to a file outside/);
  });
});

describe('readText', () => {
  it('returns UTF-8 text without its byte order mark, and refuses anything else', () => {
    const path = join(scratch, 'text');
    writeFileSync(path, '\ufeffé');
    assert.equal(readText(path, 10), 'é');
    for (const bytes of [Buffer.of(0xe9), Buffer.of(0x61, 0)]) {
      writeFileSync(path, bytes);
      refuses(() => readText(path, 10), /^is not UTF-8 text$/);
    }
  });
});
