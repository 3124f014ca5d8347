// A user without a system account and without HOME, as with `docker run --user` and on OpenShift. There, node:os throws when
// a program requests the home folder or the user; these tests make it throw for any user.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ExitCode } from '../src/errors.js';
import { main, makeTinyCorpus, makeTinyModel, scratchFolder } from './tiny-run.js';

const root = scratchFolder('no-account');
const noAccount = join(root, 'no-account.mjs');
writeFileSync(
  noAccount,
  `import { syncBuiltinESMExports } from 'node:module';
   import os from 'node:os';
   const none = (call) => () => { throw new Error(call + ' returned ENOENT'); };
   os.homedir = none('uv_os_homedir');
   os.userInfo = none('uv_os_get_passwd');
   syncBuiltinESMExports();`,
);

function run(words: readonly string[], more: NodeJS.ProcessEnv = {}) {
  // Reuse the compiled kernels.
  const XDG_CACHE_HOME = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const env = { ...process.env, HOME: undefined, HF_HUB_OFFLINE: '1', XDG_CACHE_HOME, ...more };
  const node = ['--import', pathToFileURL(noAccount).href, main];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, ...words], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

const words = ['--data', makeTinyCorpus(join(root, 'chats.json')), '--max-length', '64', '--dry-run'];

test('a run starts without an account and without HOME, on the available device', () => {
  const { status, stdout, stderr } = run(['--model', makeTinyModel(join(root, 'model')), ...words]);
  assert.equal(status, ExitCode.ok, stderr);
  assert.match(stdout, /^device +/m);
});

test('a model of the hub is requested without an account and without HOME', () => {
  const { status, stderr } = run(['--model', 'gpt2', ...words], {
    HF_HUB_OFFLINE: '0',
    HF_ENDPOINT: 'http://127.0.0.1:9',
  });
  assert.match(stderr, /^error: cannot reach http:\/\/127\.0\.0\.1:9 for gpt2 /m);
  assert.equal(status, ExitCode.model);
});
