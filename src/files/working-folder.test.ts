import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  findProgram,
  ignoredFolders,
  liesInWorkingFolder,
  searchedFolders,
  searchedPath,
} from './working-folder.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'working-folder-')));
const project = join(root, 'project');
const outside = join(root, 'project-tools');

function program(...path: string[]): string {
  const whole = join(...path);
  writeFileSync(whole, '#!/bin/sh\n', { mode: 0o755 });
  return whole;
}

describe('the working folder', () => {
  const usual = process.cwd();
  before(() => {
    for (const folder of [join(project, 'bin'), outside]) mkdirSync(folder, { recursive: true });
    symlinkSync(project, join(root, 'link'));
    process.chdir(join(root, 'link'));
  });
  after(() => {
    process.chdir(usual);
    rmSync(root, { recursive: true });
  });

  it('holds what lies below it, by whatever link it is named and whether it exists or not', () => {
    for (const path of [
      project,
      join(project, 'bin'),
      join(root, 'link', 'bin'),
      join(project, 'no', 'such'),
    ])
      assert.ok(liesInWorkingFolder(path), path);
    for (const path of [root, outside, '/usr/bin']) assert.ok(!liesInWorkingFolder(path), path);
  });

  it('is left out of lists, as are relative and empty entries', () => {
    const list = ['', '.', 'bin', '../project-tools', join(project, 'bin'), outside].join(delimiter);
    assert.deepEqual(searchedFolders(list), [outside]);
    assert.deepEqual(ignoredFolders(list), ['.', 'bin', '../project-tools', join(project, 'bin')]);
    assert.deepEqual(ignoredFolders(outside), []);
    assert.deepEqual(ignoredFolders(undefined), []);
    assert.match(searchedPath({ PATH: '.' }), /^\/usr\/local\/bin/);
  });

  it('gives no program, also not through a link that lies elsewhere', () => {
    const planted = program(project, 'bin', 'planted');
    symlinkSync(planted, join(outside, 'planted'));
    const fine = program(outside, 'fine');
    const env = { PATH: [join(project, 'bin'), outside].join(delimiter) };
    assert.equal(findProgram('planted', env), undefined);
    assert.equal(findProgram('fine', env), fine);
    assert.equal(findProgram('bin', { PATH: project }), undefined, 'a folder is no program');
  });

  it("is no stranger's where it is the system's root", () => {
    process.chdir('/');
    assert.ok(!liesInWorkingFolder('/usr/bin'));
    assert.deepEqual(searchedFolders('/usr/bin'), ['/usr/bin']);
    process.chdir(project);
  });
});
