// The cap on equal replies is exact, and does not depend on the order of the dialogues.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialogue } from '../../corpus/dialogue.js';
import { frequentReplies } from './frequent-replies.js';

const dialogues: readonly Dialogue[] = Array.from({ length: 40 }, (_, index) => ({
  source: `chats.jsonl:${index + 1}`,
  turns: [
    `Question ${index}?`,
    index % 4 === 0 ? `Answer ${index}` : index % 2 === 0 ? '不知道。' : '不知道',
  ].map((text) => ({ text, supervised: true })),
}));

async function kept(order: readonly Dialogue[], maxReplyCount: number): Promise<readonly string[]> {
  const survey = await frequentReplies.start({ maxReplyCount });
  assert.ok(survey);
  for (const one of order) survey.see(one);
  for (const one of order) survey.seeAgain?.(one);
  return order
    .filter((one) => survey.judge(one).kind === 'keep')
    .map(({ source }) => source)
    .sort();
}

test('a reply is learned as often as the cap says, and rarer ones always', async () => {
  assert.equal((await kept(dialogues, 5)).length, 10 + 5);
  assert.equal((await kept(dialogues, 30)).length, 40);
});

test('the order of the dialogues does not matter', async () => {
  assert.deepEqual(await kept([...dialogues].reverse(), 5), await kept(dialogues, 5));
});

test('what users say is no reply where an assistant answers them', async () => {
  const chats = [1, 2, 3].map((line) => ({
    source: `chats.jsonl:${line}`,
    turns: (['user', 'assistant', 'user', 'assistant'] as const).map((role, index) => ({
      text: role === 'user' ? 'ok' : `Answer ${index} of ${line}`,
      supervised: true,
      role,
    })),
  }));
  const survey = await frequentReplies.start({ maxReplyCount: 1 });
  assert.ok(survey);
  for (const one of chats) survey.see(one);
  for (const one of chats) survey.seeAgain?.(one);
  for (const one of chats) assert.equal(survey.judge(one).kind, 'keep');
});
