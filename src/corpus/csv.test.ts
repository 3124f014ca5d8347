import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { csvRows, type Dialect } from './csv.js';
import { csvDialect, sampleLength } from './csv-dialect.js';

const commas: Dialect = {
  delimiter: ',',
  quotes: 'doubled',
  padded: false,
  lineEnd: 'lf',
  separatorLine: false,
  headerRow: null,
};

function* cut(text: string, length: number): Generator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

function rows(text: string, dialect: Partial<Dialect> = {}, longest?: number): string[][] {
  return [...csvRows([text], { ...commas, ...dialect }, longest)].map((row) =>
    row.kind === 'row' ? row.cells : [`${row.line}: ${row.reason}`],
  );
}

const lineEnds = { lf: ['\n', '\r\n'], cr: ['\r'] } as const;

/** Writes a table as strictly as a dialect asks for, and with quotes where `quoteAll` or the text needs them. */
function written(
  table: readonly (readonly string[])[],
  { delimiter, quotes, padded, lineEnd, separatorLine }: Dialect,
  style: { readonly quoteAll: boolean; readonly lineEnd: 0 | 1; readonly lastLineEnd: boolean },
): string {
  const end = lineEnds[lineEnd][style.lineEnd] ?? '\r';
  const quoted = (cell: string) =>
    quotes === 'doubled'
      ? `"${cell.replaceAll('"', '""')}"`
      : `"${cell.replace(/["\\]/g, (character) => `\\${character}`)}"`;
  const lines = table.map((cells) =>
    cells
      .map((cell) => {
        const isPlain = !/["\\\r\n\t;|,]/.test(cell) && cell.trim() === cell && cell !== '';
        if (quotes === 'none' || (isPlain && !style.quoteAll)) return cell;
        return padded ? ` ${quoted(cell)} ` : quoted(cell);
      })
      .join(delimiter),
  );
  const text = lines.join(end) + (style.lastLineEnd ? end : '');
  return separatorLine ? `sep=${delimiter}${end}${text}` : text;
}

const dialects = fc.record<Dialect>({
  delimiter: fc.constantFrom('\t', ';', '|', ','),
  quotes: fc.constantFrom('doubled', 'backslash', 'none'),
  padded: fc.boolean(),
  lineEnd: fc.constantFrom('lf', 'cr'),
  separatorLine: fc.boolean(),
  headerRow: fc.constantFrom(null, 0, 1),
});
const styles = fc.record({
  quoteAll: fc.boolean(),
  lineEnd: fc.constantFrom(0 as const, 1 as const),
  lastLineEnd: fc.boolean(),
});
const odd = fc.string({ unit: fc.constantFrom(...'ab"\\,;\t|\r\n 你'), maxLength: 8 });

describe('csvRows', () => {
  it('gives back any table that was written in any dialect, however the text is cut', () => {
    const tables = fc.array(fc.array(fc.oneof(fc.string(), odd), { minLength: 1, maxLength: 4 }), {
      maxLength: 6,
    });
    const property = fc.property(
      tables,
      dialects,
      styles,
      fc.integer({ min: 1, max: 9 }),
      (any, dialect, style, length) => {
        const table =
          dialect.quotes === 'none'
            ? any.map((cells) => ['x', ...cells.map((cell) => cell.replace(/[\t;|,\r\n]/g, '')), 'y'])
            : any;
        const text = written(table, dialect, style);
        const expected = table.map((cells) =>
          cells.map((cell) => (dialect.lineEnd === 'cr' ? cell.replaceAll('\r', '\n') : cell)),
        );
        const whole = [...csvRows([text], dialect)];
        assert.deepEqual(
          whole.map((row) => row.kind === 'row' && row.cells),
          expected,
        );
        assert.deepEqual([...csvRows(cut(text, length), dialect)], whole);
      },
    );
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it('gives the same rows and rejections for broken text, however it is cut', () => {
    const property = fc.property(
      fc.string({ unit: fc.constantFrom(...'aab"",,\n\\ \r'), maxLength: 60 }),
      dialects,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 3, max: 40 }),
      (text, dialect, length, longest) => {
        const whole = [...csvRows([text], dialect, longest)];
        assert.deepEqual([...csvRows(cut(text, length), dialect, longest)], whole);
      },
    );
    fc.assert(property, { seed: 2, numRuns: 800 });
  });

  it('reads quotes, line ends in cells, and rows of any length', () => {
    assert.deepEqual(rows('a,"b, c"\r\n"say ""hi""","two\nlines"\n\nx\n1,2,3,\n""\n"",""'), [
      ['a', 'b, c'],
      ['say "hi"', 'two\nlines'],
      ['x'],
      ['1', '2', '3', ''],
      [''],
      ['', ''],
    ]);
  });

  it('keeps quotes that do not quote', () => {
    assert.deepEqual(rows('5" pipe,the "big" one\nx, "y"\n"a "big" one","b"'), [
      ['5" pipe', 'the "big" one'],
      ['x', ' "y"'],
      ['a "big" one', 'b'],
    ]);
  });

  it('gives the line on which each row begins', () => {
    const found = [...csvRows(['a,b\n\n"x\n\ny",c\r\nd,e\n"open,f\ng,h\n"i",j\n'], commas)];
    assert.deepEqual(
      found.map(({ kind, line }) => `${kind} ${line}`),
      ['row 1', 'row 3', 'row 6', 'rejected 7', 'row 8', 'row 9'],
    );
  });

  it('rejects a record whose quote is never closed, and reads on after its first line', () => {
    const reason = 'a quote is not closed';
    assert.deepEqual(rows('a,b\n"hello, you,fine\nc,d\ne,f\n'), [
      ['a', 'b'],
      [`2: ${reason}`],
      ['c', 'd'],
      ['e', 'f'],
    ]);
    assert.deepEqual(rows('1,"open\n2,"shut"\n3,"x, y"'), [[`1: ${reason}`], ['2', 'shut'], ['3', 'x, y']]);
    assert.deepEqual(rows('"cut sho'), [[`1: ${reason}`]]);
  });

  it('rejects a record that is too long, and holds only a part of it', () => {
    let pieces = 0;
    function* long(): Generator<string> {
      yield 'a,b\nc,';
      for (; pieces < 1000; pieces++) yield 'x'.repeat(100);
      yield '\nd,e\nf,"';
      yield 'y'.repeat(500);
      yield '"\n"g",h';
    }
    const found = [...csvRows(long(), commas, 400)].map((row) => (row.kind === 'row' ? row.cells : row));
    const rejected = { kind: 'rejected', reason: 'longer than 400 characters' };
    assert.deepEqual(found, [
      ['a', 'b'],
      { ...rejected, line: 2 },
      ['d', 'e'],
      { ...rejected, line: 4 },
      ['g', 'h'],
    ]);
    assert.equal(pieces, 1000);
  });

  it('gives up when looking for closing quotes costs far more than reading', () => {
    const text = '"""x\n'.repeat(2000);
    const found = [...csvRows([text], commas, 1000)];
    assert.ok(found.length < 100, `${found.length} rejections`);
    assert.match(rows(text, {}, 1000).at(-1)?.[0] ?? '', /after many such records; the rest is not read$/);
  });
});

describe('csvDialect', () => {
  const recognized = (text: string): string => {
    const dialect = csvDialect(text);
    if (!dialect) return 'none';
    const { delimiter, quotes, padded, lineEnd, separatorLine, headerRow } = dialect;
    const flags = { padded, cr: lineEnd === 'cr', sep: separatorLine, header: headerRow === 0 };
    const set = Object.entries(flags).flatMap(([name, value]) => (value ? [name] : []));
    return [JSON.stringify(delimiter).slice(1, -1), quotes, ...set].join(' ');
  };

  it('recognizes the delimiter, even if the text is full of others', () => {
    const english = [
      'Hello, how are you, my friend?',
      'Fine; thanks, and you?',
      'Well, so, so',
      'No, yes; a | b',
    ];
    const chinese = ['你好,请问有什么可以帮您?', '我想退货,可以吗', '可以,请提供订单号;谢谢', '好的,是A|B'];
    for (const lines of [english, chinese])
      for (const delimiter of ['\t', ';', '|', ','] as const)
        for (const quoteAll of [true, false]) {
          const table = [lines.slice(0, 2), lines.slice(2), lines.slice(1, 3)];
          const text = written(table, { ...commas, delimiter }, { quoteAll, lineEnd: 1, lastLineEnd: true });
          const shown = delimiter === '\t' ? '\\t' : delimiter;
          assert.equal(recognized(text), `${shown} doubled`, text);
          assert.equal(recognized(`question${delimiter}answer\n${text}`), `${shown} doubled header`, text);
        }
  });

  it('prefers another delimiter to commas that are not quoted', () => {
    assert.equal(recognized('Hallo, du;Hi, ja\nGut, und;So, so\n'), '; doubled');
    assert.equal(recognized('你好,请问\t您好,在的\n好,谢谢\t不,不用谢\n'), '\\t doubled');
  });

  it('recognizes how quotes are written', () => {
    assert.equal(recognized('a,"say ""hi"", you"\nb,"c"\n'), ', doubled');
    assert.equal(recognized('a,"say \\"hi\\", you"\nb,"c, d"\n'), ', backslash');
    assert.equal(recognized('"Hi, you", "Hello"\n"How, then?", "So, so"\n'), ', doubled padded');
    assert.equal(recognized('"He said no\tWho?\n"Me too\tYes, "you"\nWhy\t"Because\n'), '\\t none');
  });

  it('recognizes line ends, and the first line that Excel writes', () => {
    assert.equal(recognized('a;b\rc;d\r'), '; doubled cr');
    assert.equal(recognized('sep=;\r\na, b;c\r\nd, e;f\r\n'), '; doubled sep');
    assert.deepEqual(
      [...csvRows(['sep=;\na;b'], { ...commas, delimiter: ';', separatorLine: true })],
      [{ kind: 'row', cells: ['a', 'b'], line: 2 }],
    );
  });

  it('decides whether the first row is a header', () => {
    const isHeader = (text: string) => csvDialect(text)?.headerRow === 0;
    for (const header of [
      'question,answer',
      'Q,A',
      '"Prompt","Completion"',
      'response,context,context/0',
      'id,问题,答案',
      'user_text,reply_text',
      ',text,response',
      'Frage,Antwort',
    ]) {
      const others = 'x,'.repeat(header.split(',').length).slice(0, -1);
      assert.equal(isHeader(`${header}\n${others}\n`), true, header);
    }
    assert.equal(isHeader('place,guests\nHome,2\nHall,12\n'), true);
    for (const pair of [
      'Hi,Hello',
      'Who are you?,A bot',
      'text me,ok',
      'iPhone,Android',
      'You,Me',
      'answer,answer',
      '1,2',
    ])
      assert.equal(isHeader(`${pair}\nBye,See you\n`), false, pair);
  });

  it('finds the names of the columns below a title', () => {
    const rows = (title: string) => `${title}Question;Answer;Place\nOpen?;Yes;Bonn\nClosed?;No;Bonn\n`;
    assert.equal(csvDialect(rows('Our FAQ;;\n;;\n'))?.headerRow, 2);
    assert.equal(csvDialect(rows('Our FAQ\n'))?.headerRow, 1);
    assert.equal(csvDialect('Hi;\n;\nBye;See you\nWhy?;So\n')?.headerRow, null);
  });

  it('refuses text without columns', () => {
    const prose =
      'It was late, and cold.\nNobody came.\nShe waited, looked, and left.\nThen it rained.\nIt was, well, wet.\n';
    for (const text of ['', 'one line', 'a\nb\nc\n', prose, '{"a": 1}\n{"a": 2}\n'])
      assert.equal(csvDialect(text), null, text);
  });

  it('is not misled by the place where the sample ends', () => {
    const row = '"What, again?";"Yes, ""again"",\nand again"\n';
    const text = `question;answer\n${row.repeat(3000)}`;
    for (let shift = 0; shift < row.length; shift += 5)
      assert.equal(
        recognized('x'.repeat(shift) + text.slice(0, sampleLength)),
        shift > 0 ? '; doubled' : '; doubled header',
      );
  });
});
