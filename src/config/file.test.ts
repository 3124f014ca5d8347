import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sampleText } from '../../test/option-samples.js';
import { refusal } from '../../test/refusal.js';
import { UserError } from '../errors.js';
import { entriesOf, kebab, type OptionSpec } from '../option-spec.js';
import { parseConfig, readConfigFile } from './file.js';
import { completeOptions } from './schema.js';
import { trainOptions } from './train-options.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
after(() => rm(folder, { recursive: true }));

const refusalOf = (text: string): string =>
  refusal('usage', () => completeOptions(trainOptions, [parseConfig(text, 'run.yaml')]));

/** A value other than the default, as text of YAML and as what it means. */
function sampleOf(spec: OptionSpec): readonly [text: string, value: unknown] {
  switch (spec.type) {
    case 'switch':
      return [String(!spec.default), !spec.default];
    case 'integer':
      return ['7', 7];
    case 'number':
      return spec.below === undefined ? ['2.5e-1', 0.25] : ['.5', 0.5];
    case 'choice':
      return [String(spec.choices.at(-1)), spec.choices.at(-1)];
    case 'list':
      return ['[one, two]', ['one', 'two']];
    case 'optional-text':
      return ['some/folder', 'some/folder'];
    case 'text':
      return twice(sampleText(spec));
    default:
      return spec satisfies never;
  }
}

function twice(text: string): [string, string] {
  return [text, text];
}

for (const [key, spec] of entriesOf(trainOptions)) {
  if (key === 'config') continue;
  test(`${key} can stand in a file, in every spelling of its name`, () => {
    const [text, value] = sampleOf(spec);
    const spellings = new Set([kebab(key), kebab(key).replaceAll('-', '_'), key, spec.alias ?? key]);
    for (const name of spellings)
      for (const source of [`# a comment\n${name}: ${text}\n`, `{"${name}": ${JSON.stringify(value)}}`]) {
        const completed: Record<string, unknown> = {
          ...completeOptions(trainOptions, [parseConfig(source, 'run.yaml')]),
        };
        assert.deepEqual(completed[key], value, source);
      }
  });
}

test('a list of one may be written as its one value', () => {
  assert.deepEqual(parseConfig('data: chats/', 'run.yaml').get('data')?.value, ['chats/']);
});

test('a switch may be negated by its name', () => {
  assert.equal(parseConfig('no-packing: true', 'run.yaml').get('packing')?.value, false);
  assert.equal(
    parseConfig('no_gradient_checkpointing: false', 'run.yaml').get('gradientCheckpointing')?.value,
    true,
  );
});

test('resume may be a folder or just true', () => {
  assert.equal(parseConfig('resume: true', 'run.yaml').get('resume')?.value, true);
});

test('an empty value and an empty file leave the defaults', () => {
  assert.equal(parseConfig('save-total-limit:\nseed: 1\n', 'run.yaml').size, 1);
  for (const nothing of ['', '# only a comment\n', '---\n', '{}', 'null'])
    assert.equal(parseConfig(nothing, 'run.yaml').size, 0);
});

const refused: readonly (readonly [text: string, message: string | RegExp])[] = [
  [
    'seed: 1\nlearning-rat: 2',
    'run.yaml:2 sets the unknown option "learning-rat"; did you mean learning-rate?',
  ],
  ['epoch: 2', 'run.yaml:1 sets the unknown option "epoch"; did you mean epochs?'],
  ['zzz: 2', 'run.yaml:1 sets the unknown option "zzz"; chatbot-train --help lists them all'],
  ['__proto__: 2', /^run.yaml:1 sets the unknown option "__proto__"/],
  ['constructor: 2', /^run.yaml:1 sets the unknown option "constructor"/],
  ['[a]: 2', /^run.yaml:1 sets the unknown option/],
  ['seed: 1\n\nepochs: three', '--num-train-epochs is "three" in run.yaml:3, but must be a number above 0'],
  ['seed: "1"', /^--seed is "1" in run.yaml:1, but must be a whole number/],
  ['data: [a, [b]]', /^--data is \["a",\["b"\]\] in run.yaml:1/],
  [
    'seed: 1\nepochs: 2\nnum_train_epochs: 3',
    'run.yaml:3 sets num-train-epochs again (first in run.yaml:2); keep one of the two',
  ],
  ['seed: 1\nseed: 2', /^run.yaml:2 is not valid YAML: Map keys must be unique/],
  ['seed: 1\nmodel: "tiny', /^run.yaml:2 is not valid YAML: Missing closing/],
  ['seed: 1\n\tmodel: tiny', /^run.yaml:\d is not valid YAML/],
  ['{"seed": 1', /^run.yaml:1 is not valid YAML/],
  ['seed: 1\n---\nseed: 2', /^run.yaml:2 is not valid YAML/],
  ['training:\n  seed: 1', /^run.yaml:1 sets the unknown option "training"/],
  [
    'seed:\n  value: 1',
    'run.yaml:1 contains options inside an option; a config is a flat list of "option: value"',
  ],
  ['- seed', 'run.yaml:1 is not a list of "option: value"'],
  ['seed', 'run.yaml:1 is not a list of "option: value"'],
  ['config: other.yaml', 'run.yaml:1 names another config; only the flag --config can do that'],
  ['model: &m tiny\noutput-dir: *m', 'run.yaml:2 refers to another line with "*"; write the value itself'],
  [`seed: 1\ndata: ${'['.repeat(30_000)}`, /^run.yaml:2 is nested too deeply/],
  [`data:\n  ${'- '.repeat(30_000)}`, /^run.yaml:2 is nested too deeply/],
  ['a: '.repeat(20_000), /^run.yaml:1 is nested too deeply/],
];

for (const [text, message] of refused)
  test(`refused with its line: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const refusal = refusalOf(text);
    if (typeof message === 'string') assert.equal(refusal, message);
    else assert.match(refusal, message);
  });

test('any text is either understood or refused in one sentence', () => {
  const fragment = fc.constantFrom(
    'seed',
    'data',
    ':',
    ' ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '*a',
    '&a',
    '"',
    '#',
    '1',
    '!!js',
    '\t',
    '|',
    '>',
    '%',
    '? ',
    '\u0000',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragment).map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          parseConfig(text, 'run.yaml');
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          assert.doesNotMatch(error.message, /\n/);
        }
      },
    ),
    { seed: 7, numRuns: 2000 },
  );
});

const files: readonly (readonly [name: string, content: string | Buffer, message: RegExp])[] = [
  ['huge.yaml', 'a'.repeat(70_000), /huge.yaml has 70000 bytes, more than the 65536 that can be read/],
  ['latin.yaml', Buffer.from('model: caf\xe9', 'latin1'), /latin.yaml is not UTF-8 text; save it as UTF-8/],
  ['binary.yaml', Buffer.from([0, 1, 2]), /binary.yaml is not UTF-8 text/],
];
for (const [name, content, message] of files)
  test(`the file ${name} is refused`, async () => {
    const path = join(folder, name);
    await writeFile(path, content);
    await assert.rejects(
      readConfigFile(path),
      (error) => error instanceof UserError && message.test(error.message),
    );
  });

test('a missing file and a folder are refused', async () => {
  await assert.rejects(readConfigFile(join(folder, 'none.yaml')), /none.yaml does not exist; check the path/);
  await assert.rejects(readConfigFile(folder), /is a folder, not a regular file; name a YAML or JSON file/);
});

test('the configuration of the quick start is valid', async () => {
  const quickstart = completeOptions(trainOptions, [await readConfigFile('configs/quickstart.yaml')]);
  assert.equal(quickstart.model, 'tiny');
  assert.deepEqual(quickstart.data, ['data/faq.json', 'data/small-talk.jsonl']);
  assert.equal(quickstart.outputDir, 'results/quickstart');
});
