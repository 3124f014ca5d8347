// What became of a dialogue of a prepared corpus, and why.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions } from '../../config/schema.js';
import type { Dialogue } from '../../corpus/dialogue.js';
import { preparedLine } from '../../corpus/prepared/prepared-dialogue.js';
import { Ledger } from '../ledger.js';
import { prepare } from '../prepare.js';
import { PreparedCorpus } from '../prepared-corpus.js';
import { ruleOptions } from '../rules.js';
import { writeCorpus } from '../write-corpus.js';
import { type Explanation, explain } from './explain.js';
import { allDialogues, findText } from './find-dialogue.js';

const root = mkdtempSync(join(tmpdir(), 'explain-'));
after(() => rmSync(root, { recursive: true }));

let corpora = 0;

const faq = `question,answer
Fish &amp;  chips?,Yes  we do
fish & chips?,yes we do
Mail?,Write to ann@shop.example
Hello,Hi there
`;

/** The settings come from the manifest, as in `chatbot-data explain`. */
async function preparedOf(text: string, name: string, changed: Readonly<Record<string, unknown>> = {}) {
  const number = corpora++;
  const source = join(root, `${number}-${name}`);
  const out = join(root, `corpus-${number}`);
  writeFileSync(source, text);
  const given = new Map(
    Object.entries({ evalRatio: 0, ...changed }).map(([key, value]) => [key, { value, where: 'in a test' }]),
  );
  const options = completeOptions(stageOptions, [given as never]);
  await prepare([source], out, options, completeOptions(ruleOptions, [given]));
  const corpus = new PreparedCorpus(out);
  const { settings } = corpus.manifest;
  const recorded = (table: object) =>
    new Map(
      Object.entries(settings)
        .filter(([key]) => key in table)
        .map(([key, value]) => [key, { value, where: 'in the manifest' }]),
    );
  const stage = completeOptions(stageOptions, [recorded(stageOptions) as never]);
  const values = completeOptions(ruleOptions, [recorded(ruleOptions)]);
  return { source, out, corpus, explained: (id: string) => explain(corpus, id, stage, values) };
}

const textsOf = ({ turns }: Dialogue) => turns.map(({ text }) => text);

const whyOf = ({ history }: Explanation) => (history.kind === 'unknown' ? history.why : '');

function stepsOf({ history }: Explanation) {
  if (history.kind === 'unknown') assert.fail(history.why);
  return history.steps.map(({ rule, before, after: left }) => [rule, textsOf(before), left.map(textsOf)]);
}

function idOf(corpus: PreparedCorpus, text: string): string {
  const [found] = findText(corpus, text, 1).dialogues;
  return found?.one.id ?? assert.fail(`nobody says ${text}`);
}

it('shows each rule that touched a dialogue, with its texts before and after', async () => {
  const { corpus, source, explained } = await preparedOf(faq, 'faq.csv');
  const explanation = await explained(idOf(corpus, 'Fish'));
  assert.equal(explanation.source, `${source}:2`);
  assert.deepEqual(stepsOf(explanation), [
    ['html-entities', ['Fish &amp;  chips?', 'Yes  we do'], [['Fish &  chips?', 'Yes  we do']]],
    ['white-space', ['Fish &  chips?', 'Yes  we do'], [['Fish & chips?', 'Yes we do']]],
  ]);
});

it('says which dialogue a dropped one repeats, and the reverse', async () => {
  const { corpus, explained } = await preparedOf(faq, 'faq.csv');
  const rejected = [...allDialogues(corpus)].find(({ place }) => place.part === 'rejected');
  const kept = await explained(idOf(corpus, 'Fish'));
  assert.deepEqual(kept.duplicates, [rejected?.one.id]);
  const dropped = await explained(rejected?.one.id ?? '');
  const [part] = dropped.parts;
  assert.deepEqual(part?.place, {
    part: 'rejected',
    rule: 'duplicates',
    reason: `the same as ${kept.id}`,
    duplicateOf: kept.id,
  });
  assert.equal(dropped.related.get(kept.id)?.place.part, 'train');
});

it('shows why a rule dropped a dialogue', async () => {
  const { corpus, explained } = await preparedOf(faq, 'faq.csv', { maxTurnCharacters: 10 });
  const explanation = await explained(idOf(corpus, 'Mail?'));
  assert.deepEqual(stepsOf(explanation), [['turn-length', ['Mail?', 'Write to ann@shop.example'], []]]);
  assert.deepEqual(explanation.parts[0]?.place.part, 'rejected');
});

it('shows what a rule that looks at the whole corpus did', async () => {
  const replies = ['Really?', 'Sure?', 'True?'].map((text) => [text, 'I see.', `So ${text}`, `Bye ${text}`]);
  const lines = replies.map((turns) => JSON.stringify({ turns })).join('\n');
  const { corpus, explained } = await preparedOf(lines, 'chats.jsonl', { maxReplyCount: 1 });
  const changed = [...corpus.train].find(({ changedBy }) => changedBy.includes('frequent-replies'));
  const { history } = await explained(changed?.id ?? '');
  assert.equal(history.kind, 'known');
  if (history.kind !== 'known') return;
  const [step] = history.steps;
  assert.equal(step?.rule, 'frequent-replies');
  assert.deepEqual([step.before.turns[1]?.supervised, step.after[0]?.turns[1]?.supervised], [true, false]);
});

const chat = ['Ann Miller: Write to  bob@mail.example', 'Bob: Hello Ann!']
  .map((line, index) => `[2024-05-01, 10:00:0${index}] ${line}\n`)
  .join('');

it('keeps redacted what was redacted, and finds the learned speaker by the pseudonym', async () => {
  const { corpus, explained } = await preparedOf(chat, 'chat.txt', { redact: 'pii', learn: ['Bob'] });
  assert.doesNotMatch(JSON.stringify(corpus.manifest.settings), /Bob/);
  const explanation = await explained(idOf(corpus, 'hello'));
  const { history, parts } = explanation;
  assert.ok(history.kind === 'known');
  assert.deepEqual(
    history.steps.map(({ rule }) => rule),
    ['white-space'],
  );
  assert.deepEqual(Object.fromEntries(history.redactions), { email: 1, name: 1 });
  assert.deepEqual(
    parts[0]?.one.dialogue.turns.map(({ role }) => role),
    ['user', 'assistant'],
  );
  assert.doesNotMatch(JSON.stringify(history.steps), /ann|miller|bob/i);
});

it('finds speakers under an alias by the pseudonym, if the source has the name', async () => {
  const renamed = chat.replace('Bob:', 'Rob:') + chat.replaceAll('05-01', '06-01');
  const settings = { redact: 'name', learn: ['Bob'], alias: ['Rob=Bob'] };
  const { corpus, explained } = await preparedOf(renamed, 'chat.txt', settings);
  assert.equal((await explained(idOf(corpus, 'hello'))).history.kind, 'known');
  const other = await preparedOf(chat, 'chat.txt', { ...settings, learn: [], alias: ['Bob=Robert'] });
  const { history } = await other.explained(idOf(other.corpus, 'hello'));
  assert.match(history.kind === 'unknown' ? history.why : '', /only known by a pseudonym/);
});

it('explains a dialogue that was cut as one', async () => {
  const lines = JSON.stringify({
    turns: ['One?', 'Two.', 'https://shop.example', 'Three?', 'Four.', 'Five.'],
  });
  const { corpus, explained } = await preparedOf(lines, 'chats.jsonl', { urls: true });
  const id = idOf(corpus, 'four');
  assert.match(id, /-2$/);
  const explanation = await explained(id);
  assert.deepEqual([explanation.id, explanation.parts.length], [id.slice(0, -2), 2]);
  const [[, , left] = []] = stepsOf(explanation);
  assert.equal(left?.length, 2);
});

it('says that the source has changed or is gone, and still shows what the corpus holds', async () => {
  const { corpus, source, explained } = await preparedOf(faq, 'faq.csv');
  const id = idOf(corpus, 'hello');
  writeFileSync(source, faq.replace('Hi there', 'Hey'));
  const changed = await explained(id);
  assert.match(changed.history.kind === 'unknown' ? changed.history.why : '', /has changed since/);
  assert.deepEqual(changed.parts[0] && textsOf(changed.parts[0].one.dialogue), ['Hello', 'Hi there']);
  unlinkSync(source);
  const gone = await explained(id);
  assert.match(gone.history.kind === 'unknown' ? gone.history.why : '', /does not exist/);
});

it('says that a file that the settings name has changed', async () => {
  const words = join(root, 'words.txt');
  writeFileSync(words, 'gosh\n');
  const { corpus, explained } = await preparedOf(faq, 'faq.csv', { dropUnsafe: true, unsafeWords: [words] });
  const [first] = corpus.train;
  assert.equal((await explained(first?.id ?? '')).history.kind, 'known');
  writeFileSync(words, 'golly\n');
  assert.match(
    whyOf(await explained(first?.id ?? '')),
    /words\.txt" has changed since the corpus was prepared/,
  );
});

it('takes the beginning of an id, and refuses one that is not that of one dialogue', async () => {
  const { corpus, explained } = await preparedOf(faq, 'faq.csv');
  const id = idOf(corpus, 'hello');
  assert.equal((await explained(id.slice(0, 12))).id, id);
  await assert.rejects(explained('none'), {
    code: 'dialogue-unknown',
    message: /begins with "none"; find ids by words/,
  });
  await assert.rejects(explained(''), {
    code: 'dialogue-unknown',
    message: /several dialogues.*write more of it/,
  });
});

it('follows an augmented dialogue back to its original, and shows what the augmenter changed', async () => {
  const { corpus, out, source, explained } = await preparedOf(faq, 'faq.csv');
  const [first] = corpus.train;
  assert.ok(first);
  const madeOf = (id: string, from: string, question: string) => {
    const [, answer] = first.dialogue.turns;
    assert.ok(answer);
    const dialogue = { ...first.dialogue, turns: [{ text: question, supervised: false }, answer] };
    return preparedLine({ id, dialogue, changedBy: [], augmented: { from, by: 'synonyms' } });
  };
  const variant = 'abcdef0123456789';
  await writeCorpus(out, {
    train: [
      ...corpus.trainLines,
      madeOf(variant, first.id, 'Fish & fries?'),
      madeOf('bbbbbb0123456789', 'cccccc0123456789', 'Fish?'),
      madeOf('dddddd0123456789', 'templates.yaml:3', 'Cod?'),
    ],
    evaluation: [],
    ledger: new Ledger(),
    manifest: corpus.manifest,
  });
  const original = stepsOf(await explained(first.id));
  const explanation = await explained('abcdef');
  assert.equal(explanation.related.get(first.id)?.place.part, 'train');
  assert.ok(original.length > 0);
  assert.deepEqual(stepsOf(explanation), [
    ...original,
    ['synonyms', textsOf(first.dialogue), [['Fish & fries?', 'Yes we do']]],
  ]);
  assert.deepEqual((await explained(first.id)).variants, [variant]);
  assert.match(whyOf(await explained('bbbbbb')), /synonyms made it from cccccc0123456789, which is not in/);
  assert.deepEqual(stepsOf(await explained('dddddd')), [['synonyms', [], [['Cod?', 'Yes we do']]]]);
  unlinkSync(source);
  const { history } = await explained('abcdef');
  assert.deepEqual(history.kind === 'unknown' && history.made?.after.map(textsOf), [
    ['Fish & fries?', 'Yes we do'],
  ]);
});
