import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { complete } from './completion.js';

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'chats'));
for (const name of ['chat one.jsonl', '.hidden', 'odd\x1b[31m']) writeFileSync(join(folder, name), '');

describe('the Tab key', () => {
  it('completes commands', () => {
    assert.deepEqual(complete('/re'), [['/reset', '/retry'], '/re']);
    assert.deepEqual(complete('/sav'), [['/save '], '/sav']);
    assert.equal(complete('/')[0].length, 17);
    assert.deepEqual(complete('/nothing'), [[], '/nothing']);
  });

  it('completes settings and their values', () => {
    assert.deepEqual(complete('/set temp'), [['temperature '], 'temp']);
    assert.deepEqual(complete('/set top-'), [['top-k ', 'top-p '], 'top-']);
    assert.deepEqual(complete('/set greedy t'), [['true'], 't']);
    assert.deepEqual(complete('/set temperature '), [['default'], '']);
    assert.deepEqual(complete('/show m'), [['model'], 'm']);
  });

  it('completes names of files, blanks and all, but none that command the terminal', () => {
    assert.deepEqual(complete(`/save ${folder}/ch`)[0], [`${folder}/chat one.jsonl`, `${folder}/chats/`]);
    assert.deepEqual(complete(`/load ${folder}/chat o`)[0], [`${folder}/chat one.jsonl`]);
    assert.deepEqual(complete(`/load ${folder}/`)[0].length, 2);
    assert.deepEqual(complete(`/load ${folder}/.h`)[0], [`${folder}/.hidden`]);
    assert.deepEqual(complete('/load /nowhere/at/all')[0], []);
  });

  it('leaves messages and commands that stand alone', () => {
    assert.deepEqual(complete('he'), [[], 'he']);
    assert.deepEqual(complete('/reset '), [[], '/reset ']);
    assert.deepEqual(complete('/constructor x'), [[], '/constructor x']);
  });
});
