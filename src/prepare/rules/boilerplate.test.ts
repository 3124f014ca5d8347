// Signatures and macros of a helpdesk: what an author repeats is cut or bounded, what others say once stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialogue } from '../../corpus/dialogue.js';
import { applyRules } from '../apply-rules.js';
import { boilerplate } from './boilerplate.js';

type Said = readonly [speaker: string, text: string];

function ticket(index: number, said: readonly Said[]): Dialogue {
  const turns = said.map(([speaker, text], at) => ({
    text,
    supervised: true,
    speaker,
    role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
  }));
  return { turns, source: `tickets.jsonl:${index + 1}` };
}

const tickets = (count: number, said: (index: number) => readonly Said[]) =>
  Array.from({ length: count }, (_, index) => ticket(index, said(index)));

/** The replies that are learned, and the dialogues that are dropped. */
async function after(dialogues: readonly Dialogue[], changed: { readonly maxMacroCount?: number } = {}) {
  const survey = await boilerplate.start({ signatureCount: 3, maxMacroCount: null, ...changed });
  assert.ok(survey);
  for (const one of dialogues) survey.see(one);
  for (const one of dialogues) survey.seeAgain?.(one);
  return dialogues.map((one) => {
    const outcome = applyRules([{ name: 'boilerplate', judge: (each) => survey.judge(each) }], one, () => {});
    return outcome.kind === 'dropped'
      ? null
      : outcome.dialogues.flatMap(({ turns }) => turns.map(({ text }) => text));
  });
}

test('signatures are cut if their author repeats them, in English and Chinese', async () => {
  const english = '\n\nKind regards,\n[NAME_2]\nSupport Team, ticket 4711';
  const chinese = '\n\n此致\n敬礼\n客服小王';
  const dialogues = tickets(6, (index) =>
    index < 3
      ? [
          ['Bob', `Where is order ${index}?`],
          ['Anna', `Parcel ${index} left today.${english.replace('4711', `${index}`)}`],
        ]
      : [
          ['小李', `第${index}个在哪里？`],
          ['王', `第${index}个已经发货。${chinese}`],
        ],
  );
  assert.deepEqual(
    (await after(dialogues)).map((texts) => texts?.[1]),
    [
      ...[0, 1, 2].map((index) => `Parcel ${index} left today.`),
      ...[3, 4, 5].map((index) => `第${index}个已经发货。`),
    ],
  );
});

test('what is not repeated, is no signature, or is all of a message stays', async () => {
  const rare = tickets(2, () => [
    ['Bob', 'Hi?'],
    ['Anna', 'Yes.\n\nKind regards,\nAnna'],
  ]);
  const lists = tickets(5, () => [
    ['Bob', 'How?'],
    ['Anna', 'Do this:\n1. Open the app\n2. Press the button'],
  ]);
  const only = tickets(5, () => [
    ['Bob', 'Hello?'],
    ['Anna', 'Kind regards,\nAnna'],
  ]);
  for (const dialogues of [rare, lists, only])
    assert.deepEqual(
      await after(dialogues),
      dialogues.map(({ turns }) => turns.map(({ text }) => text)),
    );
});

test('a macro stays in as many replies as the limit says, whatever the order', async () => {
  const greeting = 'Thank you for contacting our support team.';
  const dialogues = tickets(30, (index) => [
    ['Bob', `Question ${index}?`],
    ['Anna', `${greeting} Answer ${index} is here.`],
  ]);
  const withGreeting = (texts: readonly (readonly string[] | null)[]) =>
    texts.filter((one) => one?.[1]?.startsWith(greeting)).length;
  const once = await after(dialogues, { maxMacroCount: 4 });
  assert.equal(withGreeting(once), 4);
  assert.deepEqual((await after([...dialogues].reverse(), { maxMacroCount: 4 })).reverse(), once);
  assert.equal(withGreeting(await after(dialogues)), 30);
  assert.ok(once.every((texts, index) => texts?.[1]?.endsWith(`Answer ${index} is here.`)));
});

test('a reply that is nothing but a macro is learned as often as the limit says', async () => {
  const macro = '您好，请问有什么可以帮您的吗？';
  const dialogues = tickets(20, (index) => [
    ['小李', `在吗？${index}`],
    ['王', macro],
  ]);
  const left = await after(dialogues, { maxMacroCount: 5 });
  assert.equal(left.filter((texts) => texts !== null).length, 5);
});

test('short answers are no macros', async () => {
  const dialogues = tickets(20, (index) => [
    ['Bob', `Is it ${index}?`],
    ['Anna', 'Yes, it is.'],
  ]);
  assert.ok((await after(dialogues, { maxMacroCount: 2 })).every((texts) => texts !== null));
});
