import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os, { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { describe, it } from 'node:test';
import { homeFolder, kernelCacheFolders, stateFolder } from './user-folders.js';

describe('the state folder', () => {
  it('is where XDG_STATE_HOME says, if that is an absolute path', () => {
    assert.equal(stateFolder({ XDG_STATE_HOME: '/somewhere' }), join('/somewhere', 'chatbot-train'));
    const usual = join(homedir(), '.local', 'state', 'chatbot-train');
    assert.equal(stateFolder({}), usual);
    assert.equal(stateFolder({ XDG_STATE_HOME: 'relative' }), usual);
  });
});

describe('the home folder', () => {
  it('is what HOME says, if that is an absolute path', () => {
    assert.equal(homeFolder({ HOME: '/home/me' }), '/home/me');
    assert.equal(homeFolder({ HOME: 'me' }), homedir());
    assert.equal(homeFolder({}), homedir());
  });

  it('is the root folder for a user that the system has no account of', (t) => {
    const noAccount = () => {
      throw new Error('uv_os_get_passwd returned ENOENT');
    };
    t.mock.method(os, 'homedir', noAccount);
    t.mock.method(os, 'userInfo', noAccount);
    syncBuiltinESMExports();
    try {
      assert.equal(homeFolder({}), '/');
      assert.equal(kernelCacheFolders({})[0], '/.cache/chatbot-train/kernels');
      assert.equal(stateFolder({}), '/.local/state/chatbot-train');
    } finally {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    }
  });
});

describe('the kernel cache', () => {
  it("is the user's cache, then a folder of the temporary one", () => {
    assert.deepEqual(kernelCacheFolders({ HOME: '/home/me', TMPDIR: '/scratch' }), [
      join('/home/me', '.cache', 'chatbot-train', 'kernels'),
      join('/scratch', `chatbot-train-kernels-${process.getuid?.() ?? 'user'}`),
    ]);
    assert.equal(kernelCacheFolders({ XDG_CACHE_HOME: '/c' })[0], join('/c', 'chatbot-train', 'kernels'));
  });

  it('is in no relative folder and not in the working folder', () => {
    const temporary = '/scratch';
    const [last] = kernelCacheFolders({ HOME: '/', TMPDIR: temporary }).slice(-1);
    for (const planted of [process.cwd(), join(process.cwd(), 'cache')])
      assert.deepEqual(kernelCacheFolders({ XDG_CACHE_HOME: planted, TMPDIR: temporary }), [last]);
    const relative = kernelCacheFolders({ HOME: '/home/me', XDG_CACHE_HOME: 'cache', TMPDIR: 'tmp' });
    assert.equal(relative[0], join('/home/me', '.cache', 'chatbot-train', 'kernels'));
    assert.ok(relative.every((folder) => isAbsolute(folder)));
  });
});
