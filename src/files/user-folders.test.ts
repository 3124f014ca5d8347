import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { kernelCacheFolders, stateFolder } from './user-folders.js';

describe('the state folder', () => {
  it('is where XDG_STATE_HOME says, if that is an absolute path', () => {
    assert.equal(stateFolder({ XDG_STATE_HOME: '/somewhere' }), join('/somewhere', 'chatbot-train'));
    const usual = join(homedir(), '.local', 'state', 'chatbot-train');
    assert.equal(stateFolder({}), usual);
    assert.equal(stateFolder({ XDG_STATE_HOME: 'relative' }), usual);
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
});
