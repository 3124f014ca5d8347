import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../errors.js';
import { jsonRecords } from './json-text.js';

function values(text: string): unknown[] {
  return [...jsonRecords(text, 'x')].map(({ value }) => value);
}

function lines(text: string): number[] {
  return [...jsonRecords(text, 'x')].map(({ line }) => line);
}

function refusal(text: string): string {
  try {
    values(text);
  } catch (thrown) {
    assert.ok(thrown instanceof UserError, String(thrown));
    return thrown.message;
  }
  return 'accepted';
}

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const record = fc.oneof(fc.object({ maxDepth: 3, withNullPrototype: false }), fc.jsonValue({ maxDepth: 3 }));
const recordText = fc
  .tuple(record, fc.constantFrom(undefined, 0, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent) ?? 'null');

describe('jsonRecords', () => {
  it('gives the elements of a list, however it is laid out', () => {
    const list = fc.property(fc.array(fc.tuple(space, recordText, space)), space, (elements, edge) => {
      const text = `${edge}[${elements.map((parts) => parts.join('')).join(',')}]${edge}`;
      assert.deepEqual(values(text), JSON.parse(text));
    });
    fc.assert(list, { seed: 1, numRuns: 300 });
  });

  it('gives the value of every line that has one', () => {
    const objects = fc.array(
      fc.tuple(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
        fc.constantFrom('\n', '\r\n', '\n\n', ' \n'),
      ),
      { minLength: 1 },
    );
    const property = fc.property(objects, (records) => {
      const text = records.map(([value, lineEnd]) => JSON.stringify(value) + lineEnd).join('');
      assert.deepEqual(
        values(text),
        records.map(([value]) => JSON.parse(JSON.stringify(value))),
      );
    });
    fc.assert(property, { seed: 2, numRuns: 300 });
  });

  it('accepts what JSON.parse accepts, and nothing else', () => {
    const damaged = fc
      .tuple(
        recordText,
        fc.nat(),
        fc.nat(3),
        fc.string({ unit: fc.constantFrom(...'[]{}",:\\019eE+.-truenlsa\n\u0001 '), maxLength: 3 }),
      )
      .map(([text, at, removed, inserted]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + inserted + text.slice(cut + removed);
      });
    const property = fc.property(damaged, (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(`[${text}]`);
      } catch {
        assert.match(refusal(`[${text}]`), /^x:\d+:\d+ is not JSON: /);
        return;
      }
      assert.deepEqual(values(`[${text}]`), expected);
    });
    fc.assert(property, { seed: 3, numRuns: 3000 });
  });

  it('knows the line of every record', () => {
    assert.deepEqual(lines('[\n{"a": 1},\n\n{"a":\n2}, {}]'), [2, 4, 5]);
    assert.deepEqual(lines('{}\n\n{"a": 1}\r\n{}'), [1, 3, 4]);
    assert.deepEqual(lines('\n{\n"a": 1\n}\n'), [2]);
    assert.deepEqual(lines('{\n"a": 1\n}\n{\n}'), [1, 4]);
  });

  it('says where a list is wrong, and how', () => {
    const cases: readonly [string, string][] = [
      ['[{"a": 1}\n{"a": 2}]', '2:1 is not JSON: expected a comma or ] after a record, found "{"'],
      ['[{"a": 1},\n]', '2:1 is not JSON: a comma before the closing ]'],
      ['[{"a" 1}]', '1:7 is not JSON: expected a colon after a field name, found "1"'],
      ["[{'a': 1}]", `1:3 is not JSON: expected a field name in double quotes, found "'"`],
      ['[{"a": 1,}]', '1:10 is not JSON: expected a field name in double quotes, found "}"'],
      ['[{"a": NaN}]', '1:8 is not JSON: expected a value, found NaN'],
      ['[{"a": “b”}]', '1:8 is not JSON: expected a value, found "“"'],
      ['[{"a": 01}]', '1:8 is not JSON: expected a value, found 01'],
      ['[\n {"a": "b\nc"}]', '2:8 is not JSON: a string that does not end on its line'],
      ['[{"a": "b\tc"}]', '1:10 is not JSON: U+0009 inside a string must be written as an escape'],
      ['[{"a": "\\x"}]', '1:9 is not JSON: a backslash that begins no escape (write \\\\ for a backslash)'],
      ['[{"a": "b', '1:8 is not JSON: a string that does not end'],
      ['[{"a": 1}', '1:10 is not JSON: expected a comma or ] after a record, found nothing more'],
      ['[{}] x', '1:6 is not JSON: "x" after the end of the list'],
    ];
    for (const [text, message] of cases) assert.equal(refusal(text), `x:${message}`);
  });

  it('finds a fault of JSON lines in its own line', () => {
    const cases: readonly [string, string][] = [
      ['{"a": 1}\n{"a": 2\n{"a": 3}', '2:8 is not JSON: expected a comma or }, found nothing more'],
      ['{"a": 1}\n{"a": \n{"a": 3}', '2:7 is not JSON: expected a value, found nothing more'],
      ['{"a": 1\n{"a": 2}\n', '1:8 is not JSON: expected a comma or }, found nothing more'],
      ['{"a": 1} {"a": 2}\n', '1:10 is not JSON: "{" after the end of the record'],
      ['{a: 1}\n{"a": 2}', '1:2 is not JSON: expected a field name in double quotes, found "a"'],
      ['{\n"a": 1,\n}', '3:1 is not JSON: expected a field name in double quotes, found "}"'],
    ];
    for (const [text, message] of cases) assert.equal(refusal(text), `x:${message}`);
  });

  it('refuses what is nested without end, and reads what is merely long', () => {
    assert.match(refusal('['.repeat(1_000_000)), /nested more than 100 deep/);
    assert.match(refusal('{"a":'.repeat(1_000_000)), /nested more than 100 deep/);
    const long = 'x'.repeat(3_000_000);
    assert.deepEqual(values(`[{"a": "${long}"}]`), [{ a: long }]);
    assert.match(refusal(`[${'1'.repeat(1_000_000)}]`), /is not JSON/);
  });
});
