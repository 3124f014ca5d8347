// Bot files: every mistake is one sentence with its place, and `validate` finds what no single line shows.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusal } from '../../../test/refusal.js';
import { repositoryRoot } from '../../../test/repository.js';
import { openBotFile, readBotFile } from './read-bot-file.js';
import { validateBotFile } from './validate.js';

const folder = mkdtempSync(join(tmpdir(), 'bot-files-'));
after(() => rmSync(folder, { recursive: true }));

function written(yaml: string): string {
  const path = join(folder, 'bot.yaml');
  writeFileSync(path, yaml);
  return path;
}

const rule = (more: string) => `rules:\n  one:\n    text: hi\n    answer: Hi\n${more}`;
const form = (slot: string, more = '') =>
  `forms:\n  one:\n    text: hi\n    answer: "{number}"\n${more}    slots:\n      number: {${slot}}\n`;

it('reads what is blocked, from the file itself, a file beside it, and lists of the program', () => {
  writeFileSync(join(folder, 'words.txt'), '# ours\nrival*\n');
  const blocked = openBotFile(
    written('blocked: {words: [Bitcoin], files: words.txt, lists: [zh]}\n'),
  ).blocked;
  for (const text of ['buy bitcoin', 'the rivals of ours']) assert.ok(blocked?.words.isIn(text), text);
  assert.ok(!blocked?.words.isIn('bitcoins'));
});

describe('a bot file is refused, with line and column', () => {
  const mistakes: readonly (readonly [yaml: string, message: RegExp])[] = [
    ['', /bot\.yaml:1:1 is empty; it needs "rules", "forms" or "skills"$/],
    ['- a\n', /:1:1 must have "lists: ..." and/],
    ['retrieval: {synonyms: [[a]]}\n', /:1:24 must have at least two words of one meaning/],
    [
      'retrieval: {synonyms: [[a, b], [c, A]]}\n',
      /:1:36 has "A" in a second group, after .*bot\.yaml:1; make/,
    ],
    ['retrieval: {synonyms: [[a, "?"]]}\n', /:1:28 has the synonym "\?", but one needs letters/],
    ['retrieval: {chinese: simple}\n', /:1:22 has the spelling "simple", but it must be as-written or/],
    ['blocked: {answer: no}\n', /:1:10 blocks no words; list them under words or in files/],
    ['blocked: {lists: [fr]}\n', /:1:19 names the list "fr", but there are en and zh$/],
    ['ruels:\n', /:1:1 has the unknown key "ruels"; did you mean "rules"\?$/],
    [rule('    anwser: x\n'), /:5:5 has the unknown key "anwser"; did you mean "answer"\?$/],
    [
      'rules:\n  a b: {text: x, answer: y}\n',
      /:2:3 names a rule "a b"; use at most 60 letters, digits, - and _$/,
    ],
    ['rules:\n  one: {text: !!binary aGk=, answer: Hi}\n', /:2:\d+ has a tag that begins with !; delete it$/],
    [rule('  one: {text: a, answer: b}\n'), /:5:3 is not valid YAML: Map keys must be unique$/],
    ['rules:\n  one: {text: hi, answer: ""}\n', /:2:27 has an empty text; write something or delete it$/],
    ['rules:\n  one: {text: hi, answer: "a } b"}\n', /:2:27 has a single }; write }} for a brace$/],
    ['rules:\n  one: {text: hi, answer: "{a b}"}\n', /:2:27 has "{a b}", which names no value/],
    [
      'rules:\n  one: {text: hi, answer: {fr: a}}\n',
      /:2:28 has the unknown key "fr"; it can have "en: ..." and "zh: ..."$/,
    ],
    ['rules:\n  one: {text: hi, answer: {}}\n', /:2:27 has no text; write "en: ..." or "zh: ..."$/],
    [
      'rules:\n  one: {text: &a hi, answer: *a}\n',
      /:2:\d+ refers to another value with \*; write the value itself$/,
    ],
    [
      'rules:\n  one: {text: hi, if: nam, answer: x}\n',
      /:2:23 asks for the unknown fact "nam"; did you mean "name"\?$/,
    ],
    [
      'rules:\n  one: {text: hi, if: a b c, answer: x}\n',
      /:2:23 has the condition "a b c"; write a fact, such as/,
    ],
    ['lists:\n  number: [x]\n', /:2:3 has a list with the name "number", which is a kind of slot/],
    ['lists:\n  city: []\n', /:2:3 has the list "city" without values; add some$/],
    [`lists:\n  city: [${'x'.repeat(201)}]\n`, /:2:10 has 201 characters in a list, but there can be 200$/],
    ['skills: [mth]\n', /:1:10 names the unknown skill "mth"; did you mean "math"\?$/],
    ['answers: { certain_from: 2 }\n', /:1:26 has a score of "2", but it must be from 0 to 1$/],
    ['answers: { near_from: 0.9 }\n', /:1:23 has scores out of order/],
    ['answers: { choice: best }\n', /:1:20 has the choice "best", but it must be first, frequent, random$/],
    ['forms:\n  one: {text: hi, answer: x}\n', /:2:3 is the form "one" without "slots"/],
    [form('kind: number'), /:6:7 is the slot "number" without "ask"/],
    [form('ask: x, kind: nubmer'), /:6:30 is a slot of the unknown kind "nubmer"; did you mean "number"\?$/],
    [
      form('ask: x, kind: text, least: 1'),
      /:6:43 bounds a slot of the kind "text"; only numbers have bounds$/,
    ],
    [form('ask: x, least: 5, most: 1'), /:6:31 has a "least" above "most"; swap them$/],
    [form('ask: x', '    interrupt: maybe\n'), /:5:16 has "maybe", but it must be true or false$/],
    [form('ask: x', '    tries: 0\n'), /:5:12 has a number of tries of "0", but it must be from 1 to 100$/],
    [`${'['.repeat(3000)}`, /is nested too deeply|is not valid YAML/],
    [`rules: ${'{a: '.repeat(100)}1${'}'.repeat(100)}`, /is nested too deeply/],
  ];
  for (const [yaml, message] of mistakes)
    it(JSON.stringify(yaml.slice(0, 70)), () => {
      assert.match(
        refusal('usage', () => readBotFile(written(yaml))),
        message,
      );
    });

  it('when it is missing, no text, or too large', () => {
    const missing = refusal('usage', () => readBotFile(join(folder, 'no.yaml')));
    assert.match(missing, /^the bot file .*no\.yaml does not exist; check the path$/);
    writeFileSync(join(folder, 'big.yaml'), `#${' '.repeat(2 ** 20)}`);
    assert.match(
      refusal('usage', () => readBotFile(join(folder, 'big.yaml'))),
      /big\.yaml .*; name a text file/,
    );
  });
});

describe('an error keeps a bot from starting', () => {
  const errors: readonly (readonly [yaml: string, message: RegExp])[] = [
    ['rules:\n  one: {answer: x}\n', /:2 is the rule "one" without "text", "pattern" or "regex"/],
    ['rules:\n  one: {text: hi}\n', /:2 is the rule "one" without "answer"; add one$/],
    ['rules:\n  one: {text: "??", answer: x}\n', /:2 has a text that no message can be/],
    [
      'rules:\n  one: {text: hi, answer: "{nane}"}\n',
      /:2 uses the unknown slot "nane"; did you mean {name}\?$/,
    ],
    [
      'rules:\n  one:\n    pattern: ["order {number}", "my order"]\n    answer: "{number}"\n',
      /:3 has none of the slots that the answers use; add an answer without them$/,
    ],
    ['rules:\n  one: {pattern: "a (b", answer: x}\n', /:2 has \( without \)$/],
    [
      'rules:\n  one: {pattern: "a ] b", answer: x}\n',
      /:2 has \] without its beginning; write \\\] for itself$/,
    ],
    [
      'rules:\n  one: {pattern: "a {nubmer}", answer: x}\n',
      /unknown kind "nubmer"; did you mean {number}\?$/,
    ],
    [
      'rules:\n  one: {pattern: "{date} to {date}", answer: x}\n',
      /has the slot {date} twice; give each a name/,
    ],
    ['rules:\n  one: {pattern: "* *", answer: x}\n', /matches every message; add a word$/],
    [`rules:\n  one: {pattern: "${'('.repeat(30)}a${')'.repeat(30)}", answer: x}\n`, /more than 20 brackets/],
    [
      `rules:\n  one: {pattern: "${'a'.repeat(1001)}", answer: x}\n`,
      /pattern of 1001 characters; use at most 1000$/,
    ],
    [
      "rules:\n  one: {regex: '(?=a)b', answer: x}\n",
      /uses lookaround or another kind of group that can run away/,
    ],
    ["rules:\n  one: {regex: '(a)\\1', answer: x}\n", /refers back to a group, which can run away/],
    ["rules:\n  one: {regex: '((a{900}){900}){900}', answer: x}\n", /an expression of more than 5000 steps/],
    ["rules:\n  one: {regex: 'a{1001}', answer: x}\n", /repeats more than 1000 times/],
    ["rules:\n  one: {regex: '[z-a]', answer: x}\n", /has "\[z-a\]", which is not valid/],
    ["rules:\n  one: {regex: '(a', answer: x}\n", /has \( without \)$/],
    ["rules:\n  one: {regex: 'a**', answer: x}\n", /two quantifiers in a row/],
    ["rules:\n  one: {regex: '*a', answer: x}\n", /has \* with nothing before it/],
    [
      `${rule('')}forms:\n  one: {text: x, answer: y, slots: {number: {ask: z}}}\n`,
      /:6 has the name "one", which .*:2 has too/,
    ],
    ['forms:\n  one: {text: hi, slots: {number: {ask: x}}}\n', /:2 is the form "one" without "answer"/],
    [form('ask: "{number}?"'), /:6 uses the unknown slot "number"/],
    [form('ask: "{name}?"'), /:6 needs "name" for the question for "number", which may be unknown/],
  ];
  for (const [yaml, message] of errors)
    it(JSON.stringify(yaml.slice(0, 70)), () => {
      assert.match(
        refusal('usage', () => openBotFile(written(yaml))),
        message,
      );
    });
});

/** The findings as lines. */
const findings = (yaml: string) =>
  validateBotFile(readBotFile(written(yaml))).map(
    ({ severity, place, message }) =>
      `${severity} ${place.replace(/.*:/, '')} ${message.replaceAll(folder, '')}`,
  );

describe('validate', () => {
  it('finds nothing in the example that ships', () => {
    assert.deepEqual(validateBotFile(readBotFile(join(repositoryRoot, 'configs/bot.example.yaml'))), []);
  });

  it('finds texts and patterns that are there twice', () => {
    const found = findings(`
rules:
  a: { text: [Hi, "hi!"], answer: x }
  b: { text: HI, answer: x }
  c: { text: hi, answer: y }
  d: { text: hi, if: name, answer: z }
  e: { pattern: "where is (it|he)", answer: x }
  f: { pattern: "Where  is (it|he)?", answer: y }
  g: { regex: '^a+$', answer: x }
  h: { regex: '^a+$', answer: y }
`);
    const about = (line: number) => found.filter((one) => one.startsWith(`warning ${line} `)).join();
    assert.match(about(3), /has the text "hi!" as .*:3; delete one$/);
    assert.match(about(4), /has the text "HI" as .*:3, with the same answer; delete one$/);
    assert.match(
      about(5),
      /has the text "hi" as .*:3, with another answer, so it is never used; keep one of the two/,
    );
    assert.match(
      about(6),
      /has the text "hi" as .*:3, with another answer, so it is never used; move it before "a"$/,
    );
    assert.match(about(8), /has the same pattern as .*:7, with another answer/);
    assert.match(about(10), /has the same regular expression as .*:9, with another answer/);
  });

  it('passes a text for which conditions choose the answer', () => {
    const yaml = `
rules:
  a: { text: hi, if: name, answer: x }
  b: { text: hi, if: not name, answer: y }
  c: { text: bye, answer: "Bye {name}" }
  d: { text: bye, answer: Bye }
`;
    assert.deepEqual(findings(yaml), []);
  });

  it('finds patterns that are never reached', () => {
    const found = findings(`
lists: { city: [Rome] }
rules:
  a: { pattern: "order {_:text}", answer: x }
  b: { pattern: "order [number] {number}", answer: "{number}" }
  c: { pattern: "order {_:city} (now|today)|now", answer: x }
  d: { pattern: "buy {_:text}", if: name, answer: x }
  e: { pattern: "buy {city}", answer: "{city}" }
`);
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? '',
      /^warning 5 is never reached: .*:4 takes such messages first, for example "order 12345"/,
    );
  });

  it('finds messages that a pattern takes and nothing answers', () => {
    const rule = '  a: { pattern: "weather in {_:word} [{date}]", answer: "On {date}" }\n';
    const found = findings(`rules:\n${rule}`);
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? '',
      /^warning 2 takes "weather in AB-123", but no answer has all its values; add an answer with fewer slots$/,
    );
    assert.deepEqual(findings(`rules:\n${rule}  b: { pattern: "weather in {_:word}", answer: Fine }\n`), []);
  });

  it('finds slots and lists that nothing uses, and forms that nothing starts', () => {
    assert.deepEqual(
      findings(`
lists: { city: [Rome], day: [Monday] }
rules:
  a: { pattern: "go to {city} at {_:time} and {_:time}", answer: Yes }
  b: { regex: '(?<n>\\d+) items', answer: Yes }
forms:
  c: { slots: { number: { ask: a } }, answer: b }
  d: { pattern: "d {nunber:number}", slots: { number: { ask: a } }, answer: "{number}" }
`),
      [
        'warning 2 has the list "day", which no slot takes; use it, or delete it',
        'warning 4 has the slot "city", which no answer uses; use it, or call it _ as in {_:kind}',
        'warning 5 has the slot "n", which no answer uses; use it, or call it _ as in {_:kind}',
        'warning 7 is the slot "number", which neither the answer nor a question uses; use it, or delete it',
        'warning 7 is the form "c", which nothing starts; add "text" or "pattern"',
        'warning 8 has the slot "nunber", which the form does not have; did you mean {number:...}?',
      ],
    );
  });
});
