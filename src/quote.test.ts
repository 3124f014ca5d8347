import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonLine, messageLine, oneLine, quoted, visible } from './quote.js';

const hostile = '\u001b[2Ja\u009bb\u202ec\u2028d\r\ne\u200ff';

describe('quoted', () => {
  it('shows what could command a terminal as escapes', () =>
    assert.equal(quoted(hostile), '"\\u001b[2Ja\\u009bb\\u202ec\\u2028d\\r\\ne\\u200ff"'));

  it('shortens by whole characters', () => {
    assert.equal(quoted('😀'.repeat(100), 5), `"${'😀'.repeat(4)}…"`);
    assert.equal(quoted('x'.repeat(60)), `"${'x'.repeat(60)}"`);
  });

  it('takes any value', () => {
    assert.equal(quoted(Number.NaN), 'NaN');
    assert.equal(quoted(undefined), 'undefined');
    assert.equal(quoted(['a', null]), '["a",null]');
    assert.equal(quoted({ a: 'x'.repeat(100) }).length, 60);
  });
});

describe('oneLine', () => {
  it('replaces each run of what could command a terminal by a space', () =>
    assert.equal(oneLine(hostile), '[2Ja b c d e f'));

  it('shortens, also what is huge', () => {
    assert.equal(oneLine('a'.repeat(10_000_000), 10), `${'a'.repeat(9)}…`);
    assert.equal(oneLine('😀'.repeat(10), 10), '😀'.repeat(10));
  });
});

it('visible leaves tabs and line breaks alone', () =>
  assert.equal(visible('a\tb\nc\u001b[31md\u202e'), 'a\tb\nc[31md'));

it('messageLine keeps all of a message, on one line', () =>
  assert.equal(messageLine(`${'a'.repeat(5000)}${hostile}`), `${'a'.repeat(5000)} [2Ja b c d e f`));

it('jsonLine is JSON that means the same, without characters that command a terminal', () => {
  assert.doesNotMatch(jsonLine({ [hostile]: hostile }), /[\p{Cc}\p{Zl}\p{Zp}\u200f\u202e]/u);
  assert.deepEqual(JSON.parse(jsonLine({ [hostile]: hostile })), { [hostile]: hostile });
});
