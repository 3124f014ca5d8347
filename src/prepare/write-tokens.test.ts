// Token shards: a run on them is the run on the texts, and whatever does not fit is told and read from the texts.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { refusal } from '../../test/refusal.js';
import { folderMaker } from '../../test/written-files.js';
import { withFlags } from '../cli/flag-names.js';
import { completeOptions } from '../config/schema.js';
import { type TrainOptions, trainOptions } from '../config/train-options.js';
import type { Conversations } from '../corpus/conversations.js';
import type { Dialogue, Turn } from '../corpus/dialogue.js';
import { preparedLine } from '../corpus/prepared/prepared-dialogue.js';
import { evalName, manifestName, tokensName, trainName } from '../corpus/prepared/prepared-files.js';
import { dialogueOf, recordOf } from '../corpus/shards/record.js';
import { indexName } from '../corpus/shards/shard-index.js';
import { TrainingText } from '../corpus/training-text.js';
import { UserError } from '../errors.js';
import { sha256 } from '../files/checksums.js';
import { Random } from '../random.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import { openTokenizer } from '../tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { OpenCorpora } from '../train/corpora.js';
import { evaluationBatches, prepareData } from '../train/data.js';
import { findShards } from '../train/find-shards.js';
import { manifestFormat, manifestVersion } from './manifest.js';
import { addTokens } from './write-tokens.js';

const root = mkdtempSync(join(tmpdir(), 'tokens-'));
after(() => rmSync(root, { recursive: true }));
const folderOf = folderMaker(root);

const words = [
  'yes',
  'no',
  '你好',
  'café',
  'the train',
  'at five',
  'naïve 🙂',
  'END',
  'a <|endoftext|> b',
  'Ünï',
];

/** Dialogues of all kinds: with roles and without, unlearned turns, long ones, special tokens, equal texts. */
function dialogues(count: number, seed: number): Dialogue[] {
  const random = new Random(seed);
  const text = () =>
    Array.from({ length: 1 + random.below(12) }, () => words[random.below(words.length)]).join(' ');
  return Array.from({ length: count }, (_, index) => {
    const named = random.below(3) > 0;
    const turns = Array.from(
      { length: 2 + random.below(4) },
      (_, number): Turn => ({
        text: random.below(8) === 0 ? `same ${number}` : text(),
        supervised: random.below(6) > 0,
        ...(named && { role: number % 2 === 0 ? 'user' : 'assistant' }),
      }),
    );
    const system: Turn = { text: 'Be kind.', supervised: false, role: 'system' };
    return {
      turns: named && random.below(4) === 0 ? [system, ...turns] : turns,
      source: `chats-${seed}:${index + 1}`,
    };
  });
}

/** Every seventh dialogue is augmented: made from one before. */
const textOf = (all: readonly Dialogue[]) => {
  const idOf = (index: number) => sha256(all[index]?.source ?? '').slice(0, 16);
  const lines = all.map((dialogue, index) => {
    const augmented = index % 7 === 6 ? { augmented: { from: idOf(index - 3), by: 'synonyms' } } : {};
    return `${preparedLine({ id: idOf(index), dialogue, changedBy: [], ...augmented })}\n`;
  });
  return gzipSync(lines.join(''));
};

function corpusOf(train: readonly Dialogue[], held: readonly Dialogue[] = []): string {
  return folderOf({
    [manifestName]: { format: manifestFormat, version: manifestVersion, dialogues: {} },
    [trainName]: textOf(train),
    [evalName]: held.length > 0 ? textOf(held) : undefined,
  });
}

const letters = () => {
  const tokens = [
    '<|endoftext|>',
    '[UNK]',
    '<tag>',
    ...'abcdefghijklmnopqrstuvwxyz',
    ...'abcdefghij'.split('').map((one) => `##${one}`),
  ];
  return openTokenizer(
    folderOf({
      'tokenizer.json': {
        version: '1.0',
        added_tokens: [
          { id: 0, content: '<|endoftext|>', special: true },
          { id: 2, content: '<tag>', special: true },
        ],
        normalizer: { type: 'Lowercase' },
        pre_tokenizer: { type: 'Whitespace' },
        post_processor: null,
        decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: '##',
          max_input_chars_per_word: 50,
          vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        },
      },
    }),
  );
};

/** Compares faster than what it is of. */
const hashOf = (value: unknown) =>
  sha256(
    JSON.stringify(value, (_, part: unknown) =>
      ArrayBuffer.isView(part)
        ? Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('base64')
        : part,
    ),
  );

type Given = Partial<TrainOptions>;

/** All that a run learns and shows of its data. */
function run(tokenizer: Tokenizer, given: Given, user: Tokenizer | null = tokenizer) {
  const options = { ...completeOptions(trainOptions, []), perDeviceTrainBatchSize: 3, ...given };
  const opened = new OpenCorpora(options);
  try {
    const corpora = opened.of(user && { tokenizer: user, model: 'mine' });
    const data = prepareData(corpora, { ...options, perDeviceTrainBatchSize: 3 }, tokenizer, 24);
    const { epochSteps, evaluation, ...rest } = data;
    const steps = Array.from({ length: 2 * epochSteps.stepsPerEpoch }, (_, index) =>
      epochSteps.step(Math.floor(index / epochSteps.stepsPerEpoch), index % epochSteps.stepsPerEpoch),
    );
    return {
      batches: hashOf([steps, [...evaluationBatches(data)]]),
      sequences: evaluation?.sequences,
      ...rest,
      told: corpora.notes,
    };
  } finally {
    opened.close();
  }
}

/** Asserts that the text and the shards of corpora give the same run. */
function assertSame(tokenizer: Tokenizer, given: Given): void {
  assert.deepEqual(run(tokenizer, given), run(tokenizer, given, null));
}

/** Replaces the text between its beginning and its end, so that it cannot be read, but does not look changed. */
function breakText(corpus: string, name: string): void {
  const bytes = readFileSync(join(corpus, name));
  bytes.fill(0, 2, bytes.length - 8);
  writeFileSync(join(corpus, name), bytes);
}

describe('a run on token shards', () => {
  const kinds: readonly (readonly [string, () => Tokenizer])[] = [
    ["GPT-2's tokenizer", gpt2Tokenizer],
    ['a tokenizer that loses letters', letters],
  ];
  for (const [name, open] of kinds)
    test(`is the run on the texts with ${name}`, async () => {
      const tokenizer = open();
      const [one, other] = [corpusOf(dialogues(60, 1), dialogues(12, 2)), corpusOf(dialogues(20, 3))];
      for (const corpus of [one, other]) await addTokens(corpus, { name, tokenizer }, 3000);
      assert.ok(readdirSync(join(one, tokensName)).length > 5);
      const faq = join(
        folderOf({ 'faq.jsonl': '{"turns": ["same 0", "same 1"]}\n{"turns": ["Hi", "Yes"]}\n' }),
        'faq.jsonl',
      );
      const choices: readonly Given[] = [
        { data: [one] },
        { data: [one, other], lossOn: 'all', seed: 7 },
        { data: [other], evalRatio: 0.2, packing: false },
        { data: [other], evalRatio: 0 },
        { data: [other, one], reverse: true },
        { data: [one], lossOn: 'last', sessionGap: '30m' },
        { data: [`${other}/`], evalData: [one] },
        { data: [one], evalData: [faq] },
        { data: [faq], evalData: [join(one, evalName)] },
        { data: [one], lossOn: 'assistant', evalReplies: 3 },
      ];
      for (const given of choices) assertSame(tokenizer, given);
    });

  test('reads no text where tokens say what it was, and says nothing of it', async () => {
    const tokenizer = gpt2Tokenizer();
    const plain = dialogues(30, 5).map(({ turns, source }) => ({
      turns: turns.map((turn) => ({ ...turn, text: turn.text.replaceAll('<|endoftext|>', '') })),
      source,
    }));
    const corpus = corpusOf(plain, plain.slice(0, 9));
    await addTokens(corpus, { name: 'gpt2', tokenizer });
    const before = run(tokenizer, { data: [corpus] }, null);
    for (const name of [trainName, evalName]) breakText(corpus, name);
    assert.deepEqual(run(tokenizer, { data: [corpus] }), before);
    assert.throws(() => run(tokenizer, { data: [corpus] }, null), UserError);
  });

  test('can be refused as one on the texts', async () => {
    const tokenizer = gpt2Tokenizer();
    const said = (text: string) => ({ text, supervised: false });
    const corpus = corpusOf([{ turns: [said('a'), said('b')], source: 'a:1' }]);
    await addTokens(corpus, { name: 'gpt2', tokenizer });
    const refused = (user: Tokenizer | null, lossOn: TrainOptions['lossOn']) =>
      refusal('data', () => run(tokenizer, { data: [corpus], evalRatio: 0, lossOn }, user));
    for (const lossOn of ['responses', 'assistant'] as const)
      assert.equal(refused(tokenizer, lossOn), refused(null, lossOn));
  });
});

test('shards of the same corpus and tokenizer are the same bytes', async () => {
  const tokenizer = gpt2Tokenizer();
  const made = async () => {
    const corpus = corpusOf(dialogues(20, 9), dialogues(5, 10));
    await addTokens(corpus, { name: 'gpt2', tokenizer });
    await addTokens(corpus, { name: 'gpt2', tokenizer });
    const folder = join(corpus, tokensName);
    return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'hex')]);
  };
  const files = await made();
  assert.deepEqual(await made(), files);
  assert.deepEqual(
    files.map(([name]) => name),
    ['eval-00000.bin', 'eval-00000.idx', indexName, 'train-00000.bin', 'train-00000.idx'],
  );
});

describe('shards that do not fit', () => {
  const tokenizer = gpt2Tokenizer();
  let corpus = '';
  before(async () => {
    corpus = corpusOf(dialogues(30, 4), dialogues(8, 6));
    await addTokens(corpus, { name: 'gpt2', tokenizer }, 2500);
  });

  /** A copy of the corpus after a change; the run on it is asserted to be the run on its text. @returns the further notes. */
  const told = (change: (copy: string) => void, given: Given = {}, user = tokenizer): string[] => {
    const copy = folderOf();
    cpSync(corpus, copy, { recursive: true });
    change(copy);
    const { told: notes, ...data } = run(user, { data: [copy], ...given });
    const { told: usual, ...expected } = run(user, { data: [copy], ...given }, null);
    assert.deepEqual(data, expected);
    return notes
      .filter((note) => !usual.includes(note))
      .map((note) => withFlags(note).replaceAll(copy, 'corpus'));
  };
  const again = 'chatbot-data tokens corpus --tokenizer mine makes them for this model';
  const shard = (copy: string, name: string) => join(copy, tokensName, name);

  const cases: readonly (readonly [string, string, (copy: string) => void, Given?])[] = [
    [
      'of a text that has changed',
      `the token shards of corpus are not read: the text of corpus has changed since they were made; ${again}`,
      (copy) => writeFileSync(join(copy, trainName), textOf(dialogues(31, 4))),
    ],
    [
      'without a file',
      `the token shards of corpus are not read: corpus/tokens/train-00001.idx is missing; ${again}`,
      (copy) => rmSync(shard(copy, 'train-00001.idx')),
    ],
    [
      'with a file that is cut',
      `the token shards of corpus are not read: corpus/tokens/train-00000.bin is damaged; ${again}`,
      (copy) => truncateSync(shard(copy, 'train-00000.bin'), 1000),
    ],
    [
      'with a damaged index',
      `the token shards of corpus are not read: their index in corpus is damaged; ${again}`,
      (copy) => writeFileSync(shard(copy, indexName), '{}'),
    ],
    [
      'of another version',
      `the token shards of corpus are not read: another version of this program made those of corpus; ${again}`,
      (copy) => {
        const index = JSON.parse(readFileSync(shard(copy, indexName), 'utf8'));
        writeFileSync(shard(copy, indexName), JSON.stringify({ ...index, version: 2 }));
      },
    ],
    [
      'beside an option that changes what is learned',
      'the token shards of corpus are not read: they hold the turns as they were prepared, without --learn-role',
      () => {},
      { learnRole: 'assistant' },
    ],
  ];
  for (const [name, note, change, given] of cases)
    test(`${name} are not read, and people are told`, () => {
      const [said = '', ...more] = told(change, given);
      assert.deepEqual([said, more], [note, []]);
    });

  test('of another tokenizer are not read, and people are told', () => {
    assert.deepEqual(
      told(() => {}, {}, gpt2Tokenizer(300)),
      [
        `the token shards of corpus are not read: those of corpus are of another tokenizer (that of gpt2); ${again}`,
      ],
    );
  });

  test('of some corpora only are not read, and people are told', () => {
    const other = corpusOf(dialogues(5, 8));
    const notes = run(tokenizer, { data: [corpus, other] }).told;
    assert.ok(
      notes.includes(
        `the token shards of ${corpus} are not read: ${other} has none; ${again.replace('corpus', other)}`,
      ),
    );
    assertSame(tokenizer, { data: [other] });
  });

  test('whatever is damaged, the shards give the tokens of the texts or are not read', () => {
    const copy = folderOf();
    cpSync(corpus, copy, { recursive: true });
    const names = readdirSync(join(copy, tokensName));
    const options = { ...completeOptions(trainOptions, []), data: [copy], evalRatio: 0 };
    const { train } = new OpenCorpora(options).of(null);
    const text = new TrainingText(tokenizer);
    const encoding = { lossOn: 'all', maxLength: 100, order: 'forward' } as const;
    const encoded = (conversations: Conversations) => hashOf([...conversations.encoded(text, encoding)]);
    const expected = encoded(train);
    const random = new Random(11);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 200; round++) {
      const path = join(copy, tokensName, names[random.below(names.length)] ?? '');
      const bytes = readFileSync(path);
      const changed = Buffer.from(bytes);
      for (let times = 1 + random.below(3); times > 0; times--)
        changed[random.below(changed.length)] = [0, 255, random.below(256)][random.below(3)] ?? 0;
      writeFileSync(path, random.below(4) === 0 ? changed.subarray(0, random.below(bytes.length)) : changed);
      const search = findShards([copy], completeOptions(trainOptions, []));
      const found = search.kind === 'none' ? null : search.open({ tokenizer, model: 'mine' });
      if (found?.kind === 'opened') {
        assert.equal(encoded(found.conversations), expected);
        found.shards.close();
      }
      const outcome = found?.kind ?? 'none';
      outcomes.set(outcome, 1 + (outcomes.get(outcome) ?? 0));
      writeFileSync(path, bytes);
    }
    // Those of the evaluation part are opened here without looking at it.
    assert.ok((outcomes.get('refused') ?? 0) > 80, JSON.stringify([...outcomes]));
  });
});

test('a record is read as it was written, and of any other bytes nothing that breaks the rules', () => {
  const limits = { width: 2, vocabularySize: 50, endOfText: 0 } as const;
  const anyTurn = fc.record(
    {
      ids: fc.array(fc.integer({ min: 1, max: 49 }), { maxLength: 5 }).map((ids) => [...ids, 0]),
      supervised: fc.boolean(),
      endMarkers: fc.nat(3),
      specialTokens: fc.nat(3),
      role: fc.constantFrom('user' as const, 'assistant' as const),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.array(anyTurn, { minLength: 2, maxLength: 4 }),
      fc.nat(),
      fc.nat(255),
      (turns, place, byte) => {
        for (const width of [2, 4] as const) {
          const bytes = recordOf({ turns }, width);
          const read = dialogueOf(bytes, { ...limits, width });
          assert.deepEqual(
            read?.turns.map((turn) => ({ ...turn, ids: [...turn.ids] })),
            turns,
          );
          bytes[place % bytes.length] = byte;
          for (const { ids } of dialogueOf(bytes, { ...limits, width })?.turns ?? []) {
            assert.ok(ids.every((id) => id < 50));
            assert.equal(ids.at(-1), 0);
          }
        }
      },
    ),
    { seed: 5, numRuns: 300 },
  );
});
