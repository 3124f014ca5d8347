import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../errors.js';
import { jsonRecords } from './json-text.js';

function values(text: string): unknown[] {
  return [...jsonRecords([text], 'x')].map((record) => {
    if ('rejected' in record) throw record.error ?? new Error(record.rejected);
    return record.value;
  });
}

function lines(text: string): number[] {
  return [...jsonRecords([text], 'x')].map(({ line }) => line);
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

const cutShort = '; the file seems to be cut short: copy or export it again';

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const record = fc.oneof(fc.object({ maxDepth: 3, withNullPrototype: false }), fc.jsonValue({ maxDepth: 3 }));
const recordText = fc
  .tuple(record, fc.constantFrom(undefined, 0, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent) ?? 'null');

describe('jsonRecords', () => {
  it('gives the elements of a list in any layout', () => {
    const list = fc.property(fc.array(fc.tuple(space, recordText, space)), space, (elements, edge) => {
      const text = `${edge}[${elements.map((parts) => parts.join('')).join(',')}]${edge}`;
      assert.deepEqual(values(text), JSON.parse(text));
    });
    fc.assert(list, { seed: 1, numRuns: 300 });
  });

  it('gives the value of each line that is not blank', () => {
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

  it('gives the line of each record', () => {
    assert.deepEqual(lines('[\n{"a": 1},\n\n{"a":\n2}, {}]'), [2, 4, 5]);
    assert.deepEqual(lines('{}\n\n{"a": 1}\r\n{}'), [1, 3, 4]);
    assert.deepEqual(lines('\n{\n"a": 1\n}\n'), [2]);
    assert.deepEqual(lines('{\n"a": 1\n}\n{\n}'), [1, 4]);
  });

  it('says where a list is invalid, and why', () => {
    const cases: readonly [string, string][] = [
      ['[{"a": 1}\n{"a": 2}]', '2:1 is not JSON: expected a comma or ] after a record, found "{"'],
      ['[{"a": 1},\n]', '2:1 is not JSON: unexpected comma before the closing ]'],
      ['[{"a" 1}]', '1:7 is not JSON: expected a colon after a field name, found "1"'],
      ["[{'a': 1}]", `1:3 is not JSON: expected a field name in double quotes, found "'"`],
      ['[{"a": 1,}]', '1:10 is not JSON: expected a field name in double quotes, found "}"'],
      ['[{"a": nan}]', '1:8 is not JSON: expected a value, found nan'],
      ['[{"a": “b”}]', '1:8 is not JSON: expected a value, found "“"'],
      ['[{"a": 01}]', '1:8 is not JSON: expected a value, found 01'],
      ['[\n {"a": "b\nc"}]', '2:8 is not JSON: a string is not closed on its line'],
      ['[{"a": "b\tc"}]', '1:10 is not JSON: U+0009 inside a string must be written as an escape'],
      [
        '[{"a": "\\x"}]',
        '1:9 is not JSON: a backslash does not begin a valid escape (write \\\\ for a backslash)',
      ],
      ['[{"a": "b', `1:8 is not JSON: a string is not closed${cutShort}`],
      [
        '[{"a": 1}',
        `1:10 is not JSON: expected a comma or ] after a record, found the end of the text${cutShort}`,
      ],
      ['[{}] x', '1:6 is not JSON: unexpected "x" after the end of the list'],
    ];
    for (const [text, message] of cases) assert.equal(refusal(text), `x:${message}`);
  });

  it('locates an error in JSON lines within its line', () => {
    const cases: readonly [string, string][] = [
      ['{"a": 1}\n{"a": 2\n{"a": 3}', '2:8 is not JSON: expected a comma or }, found the end of the text'],
      ['{"a": 1}\n{"a": \n{"a": 3}', '2:7 is not JSON: expected a value, found the end of the text'],
      ['{"a": 1\n{"a": 2}\n', '1:8 is not JSON: expected a comma or }, found the end of the text'],
      ['{"a": 1} {"a": 2}\n', '1:10 is not JSON: unexpected "{" after the end of the record'],
      ['{a: 1}\n{"a": 2}', '1:2 is not JSON: expected a field name in double quotes, found "a"'],
      ['{\n"a": 1,\n}', '3:1 is not JSON: expected a field name in double quotes, found "}"'],
    ];
    for (const [text, message] of cases) assert.equal(refusal(text), `x:${message}`);
  });

  it('does not depend on how the text is cut into pieces', () => {
    const outcome = (pieces: Iterable<string>) => {
      try {
        return [...jsonRecords(pieces, 'x')];
      } catch (thrown) {
        assert.ok(thrown instanceof UserError, String(thrown));
        return thrown.message;
      }
    };
    const layout = fc.constantFrom('list', 'lines', 'values');
    const property = fc.property(
      fc.array(recordText, { minLength: 1, maxLength: 4 }),
      layout,
      fc.option(fc.nat()),
      (records, how, damage) => {
        const text = how === 'list' ? `[${records.join(', ')}]` : records.join(how === 'lines' ? '\n' : ' ');
        const at = damage === null ? text.length : damage % text.length;
        const damaged = text.slice(0, at) + text.slice(at + 1);
        assert.deepEqual(outcome(damaged), outcome([damaged]), damaged);
      },
    );
    fc.assert(property, { seed: 4, numRuns: 1000, endOnFailure: true });
  });

  it('does not keep a record after it has been read', () => {
    let held = 0;
    const pieces = (function* () {
      for (let index = 0; index < 1000; index++) {
        held++;
        yield `${'{"a": "' + 'x'.repeat(5000)}"}\n`;
      }
    })();
    let records = 0;
    for (const _ of jsonRecords(pieces, 'x')) {
      records++;
      assert.ok(held - records <= 2, `${held - records} pieces ahead`);
    }
    assert.equal(records, 1000);
  });

  it('refuses a record that is too long, and reports the syntax error of a record whose end is missing', () => {
    const endless = (start: string, piece: string) =>
      (function* () {
        yield start;
        for (;;) yield piece;
      })();
    const messageFor = (pieces: Iterable<string>) => {
      try {
        for (const _ of jsonRecords(pieces, 'x', 1e6));
      } catch (thrown) {
        assert.ok(thrown instanceof UserError, String(thrown));
        return thrown.message;
      }
      return 'accepted';
    };
    const many = 'x'.repeat(10_000);
    assert.match(messageFor(endless('[\n{"a": "', many)), /^x:2 starts a record of more than \d+ characters/);
    assert.match(messageFor(endless('{"a": "', many)), /^x:1 starts a record of more than \d+ characters/);
    assert.equal(
      messageFor(endless('[{"a": {"b": 1}\n,{"c": 1}', `${' '.repeat(10_000)},{"c": 1}`)),
      'x:2:2 is not JSON: expected a field name in double quotes, found "{"',
    );
  });

  it('reads the NaN and Infinity that Python writes as null', () => {
    assert.deepEqual(values('[{"a": NaN, "b": [-Infinity, "NaN"], "c": Infinity}]'), [
      { a: null, b: [null, 'NaN'], c: null },
    ]);
    assert.deepEqual(values('{"a": NaN}\n{"a": 1}'), [{ a: null }, { a: 1 }]);
    assert.match(refusal('[NaNa]'), /expected a value, found NaNa/);
  });

  it('refuses very deep nesting, and reads long values', () => {
    assert.match(refusal('['.repeat(1_000_000)), /nested more than 100 levels deep/);
    assert.match(refusal('{"a":'.repeat(1_000_000)), /nested more than 100 levels deep/);
    const deep = (levels: number) => `{"a": ${'['.repeat(levels)}${']'.repeat(levels)}}`;
    for (const text of [deep(100), `[${deep(100)}]`, `[\n${deep(100)}]`])
      assert.match(refusal(text), /^x:\d:10\d is not JSON: nested more than 100 levels deep/);
    assert.equal(values(`${deep(99)}\n[${'{"b": []}, '.repeat(200)}[]]`).length, 2);
    const long = 'x'.repeat(3_000_000);
    assert.deepEqual(values(`[{"a": "${long}"}]`), [{ a: long }]);
  });
});
