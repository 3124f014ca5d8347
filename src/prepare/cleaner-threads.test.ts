// Threads that clean: the same parts in the same order as without threads, and the same errors.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { stageOptions } from '../config/prepare-options.js';
import { completeOptions } from '../config/schema.js';
import { Cleaner, type CleanerSettings } from './cleaner.js';
import { CleanerThreads } from './cleaner-threads.js';
import { type RuleValues, ruleOptions } from './rules.js';

function settingsOf(changed: RuleValues = {}): CleanerSettings {
  const options = { ...completeOptions(stageOptions, []), redact: 'email,name', redactWith: 'fake' } as const;
  return { options, values: { ...completeOptions(ruleOptions, []), ...changed }, out: 'no-such-folder' };
}

/** Lines of dialogues, with a name and something for rules and redaction in each. */
function batch(number: number): string {
  return Array.from({ length: 5 }, (_, index) =>
    JSON.stringify({
      id: '',
      messages: [
        { content: `Ask Ann about ${number} &amp; ${index}` },
        { content: `a${index}@shop.example` },
      ],
      source: `chats.jsonl:${5 * number + index + 1}`,
    }),
  )
    .map((line) => `${line}\n`)
    .join('');
}

async function partsOf(count: number): Promise<string[]> {
  const cleaners = new CleanerThreads(await Cleaner.start(settingsOf()), settingsOf(), count);
  const parts: string[] = [];
  const collect = (part: Uint8Array) => parts.push(Buffer.from(part).toString());
  for (const speakers of [['Ann'], []]) {
    cleaners.beginSource(speakers);
    for (let number = 0; number < 20; number++) cleaners.clean(batch(number), collect);
    cleaners.finish(collect);
  }
  cleaners.close();
  return parts;
}

it('cleans the same with any number of threads, and knows the names of each source', async () => {
  const alone = await partsOf(1);
  assert.equal(alone.length, 40);
  assert.doesNotMatch(alone.slice(0, 20).join(), /Ann/);
  assert.match(alone[20] ?? '', /Ask Ann about 0 & 0/);
  assert.deepEqual(await partsOf(3), alone);
});

it('passes on the error of a thread', async () => {
  const broken = settingsOf({ dropUnsafe: true, unsafeWords: ['no-such-list.txt'] });
  const cleaners = new CleanerThreads(await Cleaner.start(settingsOf()), broken, 2);
  cleaners.beginSource([]);
  const clean = () => {
    for (let number = 0; number < 10; number++) cleaners.clean(batch(number), () => {});
    cleaners.finish(() => {});
  };
  assert.throws(clean, { name: 'UserError', code: 'option-invalid', message: /no-such-list.txt/ });
  cleaners.close();
});
