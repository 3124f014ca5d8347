import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { disksCanBeMounted, withDisk } from '../../test/small-disk.js';
import { folderMaker } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import { removeStaleTemporaries, replaceFolder, savingError, writeFileAtomic } from './atomic.js';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'atomic-')));
after(() => rmSync(scratch, { recursive: true, force: true }));

const emptyFolder = folderMaker(scratch);

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('writeFileAtomic', () => {
  it('writes, overwrites and leaves nothing beside', () => {
    const folder = emptyFolder();
    const path = join(folder, 'a', 'b.txt');
    writeFileAtomic(path, 'one');
    writeFileAtomic(path, new Uint8Array([116, 119, 111]));
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.deepEqual(readdirSync(join(folder, 'a')), ['b.txt']);
  });

  it('keeps the old file and removes its own when it cannot be put in place', () => {
    const folder = emptyFolder();
    const path = join(folder, 'taken');
    mkdirSync(path);
    writeFileSync(join(path, 'old'), '');
    assert.throws(() => writeFileAtomic(path, 'new'), UserError);
    assert.deepEqual(readdirSync(folder), ['taken']);
  });
});

describe('replaceFolder', () => {
  it('makes a folder that was not there, with the folders above it', async () => {
    const folder = join(emptyFolder(), 'deep', 'run');
    await replaceFolder(folder, (temporary) => writeFileSync(join(temporary, 'a'), '1'));
    assert.deepEqual(readdirSync(folder), ['a']);
    assert.deepEqual(readdirSync(join(folder, '..')), ['run']);
  });

  it('replaces one that holds files, leaving none of them', async () => {
    const folder = join(emptyFolder(), 'run');
    await replaceFolder(folder, (temporary) => writeFileSync(join(temporary, 'old'), '1'));
    await replaceFolder(folder, async (temporary) => writeFileSync(join(temporary, 'new'), '2'));
    assert.deepEqual(readdirSync(folder), ['new']);
    assert.deepEqual(readdirSync(join(folder, '..')), ['run']);
  });

  it('replaces what a link points to', { skip: process.platform === 'win32' }, async () => {
    const parent = emptyFolder();
    mkdirSync(join(parent, 'real'));
    writeFileSync(join(parent, 'real', 'old'), '');
    symlinkSync('real', join(parent, 'link'));
    await replaceFolder(join(parent, 'link'), (temporary) => writeFileSync(join(temporary, 'new'), ''));
    assert.deepEqual(readdirSync(join(parent, 'real')), ['new']);
  });

  it('keeps the old folder when writing throws', async () => {
    const folder = join(emptyFolder(), 'run');
    await replaceFolder(folder, (temporary) => writeFileSync(join(temporary, 'old'), '1'));
    const failure = new Error('no');
    await assert.rejects(
      replaceFolder(folder, (temporary) => {
        writeFileSync(join(temporary, 'new'), '2');
        throw failure;
      }),
      failure,
    );
    assert.deepEqual(readdirSync(folder), ['old']);
    assert.deepEqual(readdirSync(join(folder, '..')), ['run']);
  });

  it('says that a file is in the way', async () => {
    const parent = emptyFolder();
    writeFileSync(join(parent, 'file'), '');
    await assert.rejects(
      replaceFolder(join(parent, 'file', 'run'), () => {}),
      (thrown) =>
        thrown instanceof UserError && thrown.fault === 'device' && /a file is/.test(thrown.message),
    );
  });
});

describe('savingError', () => {
  it('names the folder and the cure', () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    const said = savingError('results/run', full);
    assert.ok(said instanceof UserError);
    assert.equal(
      said.message,
      'cannot save results/run: the disk is full; free some space or choose another folder',
    );
  });

  it('leaves errors about other places alone', () => {
    const other = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/somewhere/else' });
    assert.equal(savingError(join(scratch, 'run'), other), other);
  });
});

describe('removeStaleTemporaries', () => {
  it('removes those of dead processes only', () => {
    const folder = emptyFolder();
    const living = `.run.saving-${process.ppid}-00000000`;
    mkdirSync(join(folder, `.run.saving-${deadPid()}-00000000`, 'inner'), { recursive: true });
    writeFileSync(join(folder, `.file.saving-${deadPid()}-00000000`), '');
    writeFileSync(
      join(folder, `.file.saving-${process.pid}-00000000`),
      'left by an earlier process of this id',
    );
    mkdirSync(join(folder, living));
    writeFileSync(join(folder, '.hidden'), '');
    removeStaleTemporaries(folder);
    assert.deepEqual(readdirSync(folder).sort(), ['.hidden', living]);
  });

  it('leaves what this process is saving', async () => {
    const folder = emptyFolder();
    await replaceFolder(join(folder, 'run'), (temporary) => {
      removeStaleTemporaries(folder);
      assert.ok(existsSync(temporary));
    });
  });

  it('brings back a folder that was moved aside and never replaced', () => {
    const folder = emptyFolder();
    const aside = join(folder, `.run.previous-${deadPid()}-00000000`);
    mkdirSync(aside);
    writeFileSync(join(aside, 'old'), '');
    removeStaleTemporaries(folder);
    assert.deepEqual(readdirSync(folder), ['run']);
    assert.deepEqual(readdirSync(join(folder, 'run')), ['old']);
  });
});

describe('a file that outgrows what the disk takes', () => {
  it('is refused in one sentence and leaves the old folder', (t) => {
    const parent = emptyFolder();
    const code = `
      import { replaceFolder } from ${JSON.stringify(pathToFileURL(fileURLToPath(new URL('./atomic.js', import.meta.url))).href)};
      import { writeFileSync } from 'node:fs';
      const save = (bytes) => replaceFolder(${JSON.stringify(join(parent, 'run'))}, (t) => writeFileSync(t + '/w', Buffer.alloc(bytes)));
      await save(1000);
      await save(1e6).catch((error) => console.log(error.name + ' ' + error.message));`;
    const limited = `ulimit -f 64 && exec "$0" --input-type=module -e "$1"`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, code], {
      encoding: 'utf8',
    });
    if (status !== 0) return t.skip(`no shell with ulimit -f here: ${stderr}`);
    assert.match(stdout, /^UserError cannot save .*run: a file grew beyond the allowed size/);
    assert.deepEqual(readdirSync(parent), ['run']);
    assert.equal(readFileSync(join(parent, 'run', 'w')).length, 1000);
  });

  if (disksCanBeMounted)
    it('is refused in one sentence when the disk is full', () =>
      withDisk('size=256k', async (disk) => {
        const folder = join(disk, 'run');
        const save = (bytes: number) =>
          replaceFolder(folder, (temporary) => writeFileSync(join(temporary, 'w'), Buffer.alloc(bytes)));
        await save(1000);
        await assert.rejects(
          save(1e6),
          (thrown) => thrown instanceof UserError && /the disk is full/.test(thrown.message),
        );
        assert.throws(() => writeFileAtomic(join(disk, 'f'), Buffer.alloc(1e6)), /the disk is full/);
        assert.deepEqual(readdirSync(disk), ['run']);
        assert.equal(readFileSync(join(folder, 'w')).length, 1000);
      }));
});
