import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './parse-json.js';

describe('JSON from strangers', () => {
  it('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        assert.deepEqual(parseJson(text), JSON.parse(text));
      }),
    );
  });

  it('is refused where it is deep, but brackets in strings are no depth', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    assert.doesNotThrow(() => parseJson(deep(64)));
    assert.throws(() => parseJson(deep(65)), /nested more than 64 levels deep/);
    assert.throws(() => parseJson(`${'{"a":'.repeat(200_000)}1`), /nested more than 64 levels deep/);
    const harmless = JSON.stringify({ '[[[[{{{{\\': '"[[[['.repeat(100), next: '\\\\"[' });
    assert.deepEqual(parseJson(harmless, { deepest: 1 }), JSON.parse(harmless));
  });

  it('is refused where it has more lists and objects than memory should be taken for', () => {
    assert.doesNotThrow(() => parseJson('[{},{}]', { mostContainers: 3 }));
    assert.throws(() => parseJson('[{},{},[]]', { mostContainers: 3 }), /it has 4 lists and objects/);
  });

  it('complains without the characters of the text that command a terminal', () => {
    for (const text of ['{"a": \u001b[31m}', '{"a"\u202e: 1 \u009b', '"\u2028', '{\n\r\u0000'])
      assert.throws(
        () => parseJson(text),
        (thrown) => thrown instanceof SyntaxError && !/[\p{C}\u2028\u2029]/u.test(thrown.message),
        JSON.stringify(text),
      );
  });
});
