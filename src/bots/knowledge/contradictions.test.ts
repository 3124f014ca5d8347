// Answers that contradict each other, and wordings of one question with different answers.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../store/memory-store.js';
import { contradictions } from './contradictions.js';

const pair = (question: string, answer: string, line: number, previous: string | null = null) => ({
  ...{ question, answer, previous },
  source: `faq.csv:${line}`,
});

it('names contradicting answers to one question, and different ones to nearly the same', async () => {
  const store = new MemoryStore();
  await store.learn([
    pair('Do you deliver on Sundays?', 'No.', 1),
    pair('Do you deliver on Sundays?', 'Yes, always.', 2),
    pair('so do you deliver on sundays', 'We bring it on Mondays.', 3),
    pair('Do you deliver on Mondays?', 'Yes.', 4),
    pair('Where are you?', 'In Berlin.', 5),
    pair('Where are you?', 'Near the station, in Berlin.', 6),
    pair('where are you now', 'In Berlin!', 7),
    // In another place of a conversation, another answer is right.
    pair('where are you', 'At home.', 8, 'It is late.'),
    pair('运费是多少？', '五元。', 9),
    pair('运费是多少呢', '免费。', 10),
  ]);
  const found = (await contradictions(store)).map(({ place, message }) => `${place} ${message}`);
  assert.equal(found.length, 3, found.join('\n'));
  const notes: string[] = [];
  await contradictions(store, (text) => notes.push(text), 4);
  assert.match(notes.join(), /^only 4 of \d questions were compared/);
  assert.match(found[0] ?? '', /^faq\.csv:2 answers .*: one is yes and the other no; remove one$/);
  assert.match(found[1] ?? '', /^faq\.csv:3 asks "so do you deliver on sundays" nearly as faq\.csv:1 asks /);
  assert.match(found[2] ?? '', /^faq\.csv:10 asks .* has another answer; give both one answer/);
});
