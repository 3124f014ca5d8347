// Fuzz targets for the tokenizer files of a model folder, which then encode texts, and for texts with GPT-2's tokenizer.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TrainingText } from '../../../src/corpus/training-text.js';
import { gpt2Tokenizer } from '../../../src/tokenizer/gpt2-tokenizer.js';
import { openTokenizer } from '../../../src/tokenizer/open-tokenizer.js';
import { repositoryRoot } from '../../repository.js';
import type { Dice } from '../dice.js';
import { mutateBytes } from '../mutate-bytes.js';
import { hostileTexts, jsonText, mutateJson, spoilJson } from '../mutate-json.js';
import { mutateText } from '../mutate-text.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function golden(kind: string): Files {
  const folder = join(repositoryRoot, 'test/goldens/tokenizer', kind);
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

const texts = [
  "Hello there, don't you know 42 words?",
  ` ${'a'.repeat(60)}! \n\n  你好 😀 `,
  'x\u0085y\u0000z',
];

function read(folder: string): void {
  const tokenizer = openTokenizer(folder);
  const training = new TrainingText(tokenizer);
  for (const text of texts) {
    tokenizer.decode(tokenizer.encode(text));
    training.encode(`${text}<|endoftext|>`);
  }
  tokenizer.decode([0, tokenizer.endOfText, tokenizer.vocabularySize - 1, 2 ** 24]);
  tokenizer.files();
}

/** Patterns that take exponential or quadratic time, or overflow the stack of the regular expression engine. */
const endlessPatterns = [
  '(.+)+\\x01',
  '(\\p{L}+)*\\x01',
  '(a|a|aa)+\\x01',
  '(?:\\s*\\S*)*\\x01',
  '(.*)(.*)(.*)(.*)(.*)(.*)\\x01',
] as const;

const patterns = [
  '',
  '(?=)',
  'a{1,100000}',
  '(?<!.*a)b',
  '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  '(',
  '[',
  '\\p{Foo}',
] as const;

function part(dice: Dice): object {
  // Each pattern that never finishes uses the whole time limit of a tokenizer.
  const Regex = dice.pick(dice.chance(500) ? endlessPatterns : patterns);
  const content = dice.pick(hostileTexts);
  return dice.pick<object>([
    {
      type: 'Split',
      pattern: { Regex },
      behavior: dice.pick(['Isolated', 'Removed', 'x']),
      invert: dice.chance(2),
    },
    { type: 'Split', pattern: { String: content }, behavior: 'Isolated', invert: false },
    { type: 'Replace', pattern: { Regex }, content },
    { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(dice.length(2000)) },
    { type: 'Prepend', prepend: content },
    { type: 'FixedLength', length: dice.below(5) - 1 },
    { type: 'Metaspace', replacement: content, prepend_scheme: 'always' },
    { type: 'BertNormalizer', lowercase: true, strip_accents: true, clean_text: true },
    { type: 'Precompiled', precompiled_charsmap: content },
    { type: 'NFKD' },
    { type: 'Digits', individual_digits: true },
    { type: 'ByteLevel', use_regex: true },
    { type: 'ByteFallback' },
    { type: 'Strip', content: 'a', start: dice.below(9) - 4, stop: 2 ** 31 },
    { type: 'CTC', pad_token: 'a', word_delimiter_token: '' },
    { type: 'WordPiece', prefix: content },
  ]);
}

/** A stage of the tokenizer: null, one part, or a sequence of parts. */
function stage(dice: Dice): unknown {
  if (dice.chance(8)) return null;
  if (dice.chance(2)) return part(dice);
  const list = Array.from({ length: dice.length(12) }, () => part(dice));
  return { type: 'Sequence', normalizers: list, pretokenizers: list, decoders: list };
}

function mutateDefinition(bytes: Buffer, dice: Dice): string {
  const json: Record<string, unknown> = JSON.parse(bytes.toString());
  if (dice.chance(3)) return mutateJson(json, dice);
  // In the parts beside the tables, a single field has the largest effect.
  const { model, added_tokens: added, ...parts } = json;
  const where = dice.pick(['pre_tokenizer', 'normalizer', 'decoder'] as const);
  if (dice.chance(2)) return JSON.stringify({ ...json, [where]: stage(dice) });
  const spoilt = spoilJson({ parts, added }, dice);
  const { parts: newParts, added: newAdded } = isRecord(spoilt) ? spoilt : {};
  const { vocab, merges, ...settings } = isRecord(model) ? model : {};
  const newModel = dice.chance(2) ? settings : spoilJson(settings, dice);
  return jsonText(
    {
      ...(isRecord(newParts) && newParts),
      added_tokens: newAdded,
      model: { vocab, merges, ...(isRecord(newModel) && newModel) },
    },
    dice,
  );
}

export const tokenizerJson: Target = {
  about: 'tokenizer.json, with texts encoded and decoded by it',
  seeds: ['byte-level', 'unigram', 'word-piece', 'added-tokens', 'sequence', 'prefix-space'].map(golden),
  mutate(seed, dice, other) {
    const name = dice.chance(6) ? 'tokenizer_config.json' : 'tokenizer.json';
    const bytes = fileOf(seed, name);
    const mutant = dice.chance(6)
      ? mutateBytes(bytes, dice, fileOf(other, name))
      : name === 'tokenizer.json'
        ? mutateDefinition(bytes, dice)
        : mutateJson(JSON.parse(bytes.toString()), dice);
    return withFiles(seed, { [name]: mutant });
  },
  read,
};

const words = ['#version: 0.2', 'Ġ', 'Ġt', 'e r', 'a', ' ', '  ', '{', '"', ':1', ',', '\\u0000'];

/** A small vocabulary, so that its mutants are fast to create. */
function vocabularyAndMerges(): Files {
  const merges = ['h e', 'l l', 'he ll', 'Ġ h'];
  const tokens = [...'Ġhelo!wrd,你', ...merges.map((merge) => merge.replace(' ', '')), '<|endoftext|>'];
  const next = tokens.length;
  return new Map(
    Object.entries({
      'vocab.json': JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))),
      'merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
      'added_tokens.json': JSON.stringify({ '<|pad|>': next, '<|user|>': next + 1 }),
      'special_tokens_map.json': '{"eos_token": {"content": "<|endoftext|>"}, "pad_token": "<|pad|>"}',
      'tokenizer_config.json': JSON.stringify({
        add_prefix_space: false,
        added_tokens_decoder: { [next]: { content: '<|pad|>', special: true } },
      }),
    }).map(([name, text]) => [name, Buffer.from(text)]),
  );
}

export const tokenizerFiles: Target = {
  about: 'vocab.json with merges.txt, added_tokens.json and special_tokens_map.json',
  seeds: [vocabularyAndMerges()],
  mutate(seed, dice) {
    const name = dice.pick([...seed.keys()]) ?? '';
    const bytes = fileOf(seed, name);
    const mutant =
      name.endsWith('.json') && !dice.chance(3)
        ? mutateJson(JSON.parse(bytes.toString()), dice)
        : mutateText(bytes.toString(), dice, words, bytes.toString());
    return withFiles(seed, { [name]: mutant });
  },
  read,
};

/** Strings that are repeated into long runs, which can overflow a stack. */
const runs = ['a', '你', '😀', ' ', '!', '\n', '7', '\u0301', '\u0000', '<|endoftext|>', "'s", '\ud800'];

export const text: Target = {
  about: "texts as GPT-2's own tokenizer reads them",
  seeds: ['Hello there! How are you? 123 你好', 'a\n\n b \t c\u0085d', ''].map(
    (each) => new Map([['text', Buffer.from(each)]]),
  ),
  mutate(seed, dice, other) {
    const sound = fileOf(seed, 'text').toString();
    const run = (dice.pick(runs) ?? '').repeat(dice.length(4000));
    const mutant = mutateText(
      sound + (dice.chance(4) ? run : ''),
      dice,
      runs,
      fileOf(other, 'text').toString(),
    );
    return withFiles(seed, { text: mutant });
  },
  read(_, files) {
    const tokenizer = gpt2Tokenizer();
    const read = fileOf(files, 'text').toString();
    const decoded = tokenizer.decode(tokenizer.encode(read));
    if (decoded !== read) throw new Error('encoding and decoding changed the text');
  },
};
