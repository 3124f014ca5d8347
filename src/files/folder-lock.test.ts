import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { folderMaker } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import { removeStaleTemporaries } from './atomic.js';
import { lockFileName, lockFolder } from './folder-lock.js';
import { isRunning, ownIdentity } from './process-identity.js';

const scratch = mkdtempSync(join(tmpdir(), 'lock-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const emptyFolder = folderMaker(scratch);

function refusalOf(folder: string): string {
  try {
    lockFolder(folder).release();
  } catch (thrown) {
    assert.ok(thrown instanceof UserError, String(thrown));
    assert.equal(thrown.exitCode, thrown.fault === 'usage' ? 2 : 5);
    return thrown.message;
  }
  return 'locked';
}

/** A lock as a process with this identity has left it. */
function leave(folder: string, changes: object): void {
  const holder = { ...ownIdentity(), kernelLock: true, since: '2031-01-01T00:00:00.000Z', ...changes };
  writeFileSync(join(folder, lockFileName), JSON.stringify(holder));
}

const module = new URL('./folder-lock.js', import.meta.url).href;

/** A process that locks the folder and waits to be killed, or killed itself at once. */
function otherProcess(folder: string, then: string): ChildProcess {
  const script = `import { lockFolder } from ${JSON.stringify(module)}; lockFolder(${JSON.stringify(folder)}); console.log('locked'); ${then}`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The id of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('lockFolder', () => {
  it('makes the folder, leaves one file there, and takes both back', () => {
    const folder = join(emptyFolder(), 'a', 'b');
    const lock = lockFolder(folder);
    assert.deepEqual(readdirSync(folder), [lockFileName]);
    lock.release();
    assert.ok(!existsSync(join(folder, '..')));
  });

  it('keeps a folder that something was written to', () => {
    const folder = join(emptyFolder(), 'run');
    const lock = lockFolder(folder);
    writeFileSync(join(folder, 'model'), '');
    lock.release();
    assert.deepEqual(readdirSync(folder), ['model']);
  });

  it('refuses a second lock, in the same process too, and gives it when the first is released', () => {
    const folder = emptyFolder();
    const lock = lockFolder(folder);
    assert.match(
      refusalOf(folder),
      new RegExp(
        `is in use by another run \\(process ${process.pid} on .*\\); wait until it ends, or name another folder$`,
      ),
    );
    assert.deepEqual(readdirSync(folder), [lockFileName]);
    lock.release();
    assert.equal(refusalOf(folder), 'locked');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('refuses what another process holds, until that is killed without warning', async () => {
    const folder = emptyFolder();
    const child = otherProcess(folder, 'setInterval(() => {}, 1000);');
    assert.ok(child.stdout);
    await once(child.stdout, 'data');
    assert.match(refusalOf(folder), new RegExp(`in use by another run \\(process ${child.pid} on `));
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(readdirSync(folder), [lockFileName]);
    assert.equal(refusalOf(folder), 'locked');
  });

  it('is released when the process exits by itself', async () => {
    const folder = emptyFolder();
    await once(otherProcess(folder, 'process.exit(3);'), 'exit');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is given to one of many that come at once, also over a stale lock', async () => {
    for (const stale of [false, true]) {
      const folder = emptyFolder();
      if (stale) leave(folder, { pid: deadPid(), started: '1' });
      const script = `import { lockFolder } from ${JSON.stringify(module)}; try { lockFolder(${JSON.stringify(folder)}); console.log('mine'); } catch (error) { console.log(error.code); } process.stdin.resume();`;
      const children = Array.from({ length: 6 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      );
      const said = await Promise.all(children.map(async ({ stdout }) => String(await once(stdout, 'data'))));
      for (const child of children) child.kill('SIGKILL');
      assert.deepEqual(said.sort(), ['mine\n', ...Array.from({ length: 5 }, () => 'output-folder-locked\n')]);
    }
  });

  it('says that the folder cannot be written to', () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'file'), '');
    assert.match(
      refusalOf(join(folder, 'file', 'run')),
      /^cannot save .*: a file is where a folder is needed/,
    );
  });
});

describe('a lock that was left behind', () => {
  const replaced: readonly (readonly [string, () => object])[] = [
    ['by a process that has ended', () => ({ pid: deadPid() })],
    ['by a process whose id another one has now', () => ({ pid: process.pid, started: '1' })],
    ['by process 1 of a container that has ended', () => ({ pid: 1, host: 'a1b2c3', namespace: 'pid:[1]' })],
    ['before the machine was started anew', () => ({ boot: 'another', kernelLock: false })],
  ];
  for (const [what, changes] of replaced)
    it(`${what} is replaced`, {
      skip: process.platform !== 'linux' && 'as Linux tells processes apart',
    }, () => {
      const folder = emptyFolder();
      leave(folder, changes());
      assert.equal(refusalOf(folder), 'locked');
      assert.deepEqual(readdirSync(folder), []);
    });

  it('half-written is replaced', { skip: process.platform === 'win32' }, () => {
    for (const text of ['', '{"pid": 12']) {
      const folder = emptyFolder();
      writeFileSync(join(folder, lockFileName), text);
      assert.equal(refusalOf(folder), 'locked');
    }
  });

  it('on another host is refused with the file to remove', () => {
    const folder = emptyFolder();
    leave(folder, { host: 'node-7\u001b[2J', boot: 'another' });
    assert.equal(
      refusalOf(folder),
      `${folder} is locked by process ${process.pid} on node-7 [2J, and it cannot be determined from here whether that process still runs; ` +
        `remove ${join(folder, lockFileName)} if that run has ended, or name another folder`,
    );
    assert.ok(existsSync(join(folder, lockFileName)));
  });

  it('that is no file is refused', () => {
    const folder = emptyFolder();
    mkdirSync(join(folder, lockFileName));
    assert.match(refusalOf(folder), /is not a file that locks/);
  });

  it('in the middle of its creation leaves nothing that is in the way', async () => {
    // Killed at every few hundred microseconds of its life.
    const folder = emptyFolder();
    for (let kill = 0; kill < 8; kill++) {
      const loop = `import { lockFolder } from ${JSON.stringify(module)}; console.log(1); for (;;) lockFolder(${JSON.stringify(folder)}).release();`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', loop], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.equal(refusalOf(folder), 'locked');
    }
    removeStaleTemporaries(folder);
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('where the file system has no kernel locks', () => {
  const lock = (folder: string) => lockFolder(folder, () => 'unsupported');

  it('the process id and its start tell whether the holder runs', () => {
    const folder = emptyFolder();
    const first = lock(folder);
    assert.throws(() => lock(folder), /is in use by another run/);
    first.release();
    leave(folder, { pid: deadPid(), kernelLock: false });
    lock(folder).release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('a lock that does not say whose it is stays', () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, lockFileName), '');
    assert.throws(() => lock(folder), /is locked, but the lock does not say by which process; remove /);
    assert.deepEqual(readdirSync(folder), [lockFileName]);
  });
});

describe('isRunning', () => {
  const own = ownIdentity();

  it('knows this process and one that has ended', () => {
    assert.equal(isRunning(own), true);
    assert.equal(isRunning({ ...own, pid: deadPid() }), false);
    assert.equal(own.host, hostname());
  });

  it('cannot know of other hosts and of other containers', () => {
    assert.equal(isRunning({ ...own, host: 'other', boot: 'other' }), null);
    assert.equal(isRunning({ ...own, namespace: 'pid:[1]' }), null);
  });

  it('tells a reused id by the time at which the process started', { skip: own.started === null }, () => {
    assert.equal(isRunning({ ...own, started: `${own.started}0` }), false);
  });

  it('treats a zombie process as ended', {
    skip: process.platform !== 'linux',
  }, async () => {
    // The shell becomes sleep, which does not wait for the child that the shell had. The child ends after that.
    const shell = spawn('sh', ['-c', 'cat <&3 >/dev/null & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    const [, output, , input] = shell.stdio;
    assert.ok(output !== null && input instanceof Writable);
    const pid = Number(String(await once(output, 'data')));
    const proc = (id: number | undefined, file: string) => readFileSync(`/proc/${id}/${file}`, 'utf8');
    try {
      while (proc(shell.pid, 'comm') !== 'sleep\n') await new Promise(setImmediate);
      input.end();
      while (!/\) Z /.test(proc(pid, 'stat'))) await new Promise(setImmediate);
      assert.equal(isRunning({ ...own, pid, started: '5' }), false);
    } finally {
      shell.kill();
    }
  });
});
