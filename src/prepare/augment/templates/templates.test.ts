// Templates of dialogues: every slot is filled, slots of one list differ, nothing is made twice, and mistakes have a line.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { repositoryRoot } from '../../../../test/repository.js';
import { divided, filled } from './fill.js';
import { parseTemplate, type TemplateFile } from './template.js';
import { readTemplates } from './template-file.js';

const folder = mkdtempSync(join(tmpdir(), 'templates-'));
after(() => rmSync(folder, { recursive: true }));

function read(text: string): TemplateFile {
  const path = join(folder, 'templates.yaml');
  writeFileSync(path, text);
  return readTemplates(path);
}

const textsOf = (file: TemplateFile, most = 1000, seed = 1) =>
  [...filled(file, most, seed)].map(({ turns }) => turns.map(({ text }) => text));

const city = 'lists:\n  city: [Rome, Paris, Berlin]\n';

describe('templates', () => {
  it('are filled in all ways if these are few', () => {
    const texts = textsOf(
      read(`${city}templates:\n- turns:\n  - from {city} to {city}\n  - From {city} to {city 2}.\n`),
    );
    assert.deepEqual(
      texts.map(([question]) => question).sort(),
      [
        'Berlin to Paris',
        'Berlin to Rome',
        'Paris to Berlin',
        'Paris to Rome',
        'Rome to Berlin',
        'Rome to Paris',
      ].map((one) => `from ${one}`),
    );
    for (const [question = '', reply] of texts) assert.equal(reply, `F${question.slice(1)}.`);
  });

  it('name slots by number, in any turn, and have braces', () => {
    const [turns] = textsOf(
      read('lists:\n  名: [甲]\n  n: [1, 2]\ntemplates:\n- turns: ["{n}{{{名}}}", "{n 2} {n}"]\n'),
      1,
    );
    assert.match(turns?.join('|') ?? '', /^1\{甲\}\|2 1$|^2\{甲\}\|1 2$/);
  });

  it('without slots are used once', () => {
    assert.deepEqual(textsOf(read('templates:\n- turns: [Hello, Hi]\n')), [['Hello', 'Hi']]);
  });

  it('teach what the assistant says', () => {
    const [dialogue] = filled(read('templates:\n- turns: [Hello, Hi, Bye, See you]\n'), 1, 1);
    assert.deepEqual(
      dialogue?.turns.map(({ role, supervised }) => [role, supervised]),
      [
        ['user', false],
        ['assistant', true],
        ['user', false],
        ['assistant', true],
      ],
    );
    assert.match(dialogue?.source ?? '', /templates\.yaml:2$/);
  });

  it('are used in proportion to their weights', () => {
    const file = read(
      `lists:\n  n: [${Array.from({ length: 100 }, (_, n) => n)}]\ntemplates:\n- turns: ["a {n}", x]\n- turns: ["b {n}", x]\n  weight: 3\n`,
    );
    const questions = textsOf(file, 40).map(([question = '']) => question[0]);
    assert.equal(questions.filter((letter) => letter === 'b').length, 30);
    assert.equal(textsOf(file, 180).length, 180);
  });

  it('take values from a file beside them', () => {
    writeFileSync(join(folder, 'cities.txt'), '\ufeffOslo\r\n\r\n  Turku \nOslo\n');
    const file = read('lists:\n  city: {file: cities.txt}\ntemplates:\n- turns: ["{city}?", Yes]\n');
    assert.deepEqual(
      textsOf(file)
        .map(([question]) => question)
        .sort(),
      ['Oslo?', 'Turku?'],
    );
    assert.match(file.notes[0] ?? '', /:2 has values more than once in the list "city"/);
  });

  it('that ship as an example work', () => {
    const texts = textsOf(readTemplates(join(repositoryRoot, 'configs/templates.example.yaml')), 200);
    assert.equal(texts.length, 200);
    assert.ok(texts.some(([question]) => question?.startsWith('我想订一张从')));
    for (const text of texts.flat()) assert.doesNotMatch(text, /[{}]/);
  });
});

it('whatever the templates are: slots are filled and differ, nothing is made twice, and a seed gives the same again', () => {
  const names = ['city', '城市', 'día', 'x-1'];
  const name = fc.constantFrom(...names);
  const piece = fc.oneof(
    name.map((list) => `{${list}}`),
    fc.tuple(name, fc.integer({ min: 1, max: 3 })).map(([list, slot]) => `{${list} ${slot}}`),
    fc.constantFrom('a ', '{{', '}}', '🙂'),
  );
  const turn = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parseTemplate(parts.join('')));
  const template = fc.record({
    turns: fc.array(turn, { minLength: 2, maxLength: 4 }),
    weight: fc.constantFrom(1, 0.5, 7),
  });
  const valuesOf = (list: string) => Array.from({ length: 20 }, (_, n) => `<${list}:${n}>`);
  const lists = new Map(names.map((list) => [list, valuesOf(list)]));
  fc.assert(
    fc.property(
      fc.array(template, { minLength: 1, maxLength: 3 }),
      fc.nat(40),
      fc.nat(),
      (given, most, seed) => {
        const templates = given.map((one, index) => ({ ...one, place: `t:${index}` }));
        const file = { templates, lists, listFiles: [], notes: [] };
        const made = [...filled(file, most, seed)];
        assert.deepEqual([...filled(file, most, seed)], made);
        assert.equal(new Set(textsOf(file, most, seed).map(String)).size, made.length);
        assert.ok(made.length <= most);
        for (const { turns, source } of made) {
          const slots = templates[Number(source.slice(2))]?.turns
            .flat()
            .filter((one) => typeof one !== 'string');
          const values =
            turns
              .map(({ text }) => text)
              .join('')
              .match(/<[^<>]+>/g) ?? [];
          assert.equal(values.length, slots?.length);
          const pairs = new Set(slots?.map(({ list, slot }, index) => `${list} ${slot} ${values[index]}`));
          assert.equal(pairs.size, new Set(slots?.map(({ list, slot }) => `${list} ${slot}`)).size);
          assert.equal(pairs.size, new Set(values).size);
        }
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

it('different slots of one list never have one value', () => {
  const file = read(
    `lists:\n  n: [${Array.from({ length: 30 }, (_, n) => n)}]\ntemplates:\n- turns: ["{n} {n} {n} {n}", "{n 5}"]\n`,
  );
  for (const texts of textsOf(file, 300)) assert.equal(new Set(texts.join(' ').split(' ')).size, 5);
});

it('dialogues are divided by weight, up to what a template can give', () => {
  assert.deepEqual(divided(10, [1, 1], [100, 100]), [5, 5]);
  assert.deepEqual(divided(10, [1, 1], [2, 100]), [2, 8]);
  assert.deepEqual(divided(10, [1, 1000], [100, 4]), [6, 4]);
  assert.deepEqual(divided(10, [1, 1, 1], [3, 1, 2]), [3, 1, 2]);
  assert.deepEqual(divided(2, [1, 1, 1], [9, 9, 9]), [1, 1, 0]);
});

const turns = (text: string) => `${city}templates:\n- turns:\n  - ${text}\n  - Yes\n`;
const mistakes: readonly (readonly [yaml: string, message: RegExp])[] = [
  ['', /:1:\d+ must have "templates: ..." and "lists: ..."$/],
  ['templates: []\n', /:1:\d+ lists no templates; add one$/],
  [
    'templates:\n- turns: [Hi]\n',
    /:2:\d+ is a template with fewer than two turns; give what is said and the reply$/,
  ],
  ['templates:\n- turns: [Hi, ""]\n', /:2:\d+ has an empty text; write something or delete it$/],
  [
    'templates:\n- text: Hi\n',
    /:2:\d+ has the unknown key "text"; it can have "turns: ..." and "weight: ..."$/,
  ],
  ['templates: Hi\n', /:1:\d+ must have a list of templates$/],
  [turns('to {town}'), /:4:\d+ takes values from the unknown list "town"; add it to "lists"$/],
  [turns('to {citi}'), /:4:\d+ takes values from the unknown list "citi"; did you mean "city"\?$/],
  [turns('{city}'), /:5:\d+ must have a text; put texts that begin with a brace or a bracket in quotes$/],
  [turns('"{city} {city 4}"'), /:4:\d+ needs 4 different values of "city", which has 3; add values$/],
  [turns('a } b'), /:5:\d+ has a single }; write }} for a brace$/],
  [
    turns('a {b c d} e'),
    /:5:\d+ has the slot "{b c d}", which does not name a list; write {{ and }} for braces$/,
  ],
  [
    `${turns('a {city}')}  weight: none\n`,
    /:7:\d+ has the weight "none", but it must be above 0 and at most 1000000$/,
  ],
  ['lists:\n  city: []\n', /:2:\d+ has the list "city" without values; add some$/],
  ['lists:\n  a b: [x]\n', /:2:\d+ names a list "a b"; use letters, digits, - and _$/],
  [
    'lists:\n  city: {file: no.txt}\n',
    /:2: the list .*no\.txt cannot be read: ENOENT.*; name a text file in UTF-8$/,
  ],
  [
    'lists:\n  city: {file: .}\n',
    /:2: the list .* is a folder, not a regular file; name a text file in UTF-8$/,
  ],
  ['lists: [\n', /is not valid YAML/],
  ['['.repeat(100_000), /is not valid YAML|is nested too deeply/],
  ['a: &a [x]\nlists: *a\n', /refers to another value with \*/],
];

for (const [yaml, message] of mistakes)
  it(`a mistake has one sentence with its line: ${JSON.stringify(yaml.slice(0, 60))}`, () => {
    assert.throws(() => read(yaml), { code: 'templates-invalid', message });
  });

it('a list that no template uses is named', () => {
  const { notes } = read(turns('Hello'));
  assert.match(notes.join(), /:2 has the list "city", which no template uses$/);
});
