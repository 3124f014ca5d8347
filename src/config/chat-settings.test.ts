import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { withFlags } from '../cli/flag-names.js';
import type { ChatOption } from './chat-options.js';
import { candidateCount, generationSettings, loadChatOptions } from './chat-settings.js';

function load(values: Partial<Record<ChatOption, unknown>>) {
  const given = Object.entries(values).map(
    ([key, value]) => [key as ChatOption, { value, where: 'on the command line' }] as const,
  );
  return loadChatOptions(new Map(given));
}

const refused: readonly (readonly [Partial<Record<ChatOption, unknown>>, string])[] = [
  ...(['temperature', 'topK', 'topP', 'minP'] as const).map(
    (key) =>
      [
        { greedy: true, [key]: 1 },
        `--greedy and --${key.replace('P', '-p').replace('K', '-k')} contradict each other: the first takes the most likely token, the second samples from several; leave one of them out`,
      ] as const,
  ),
  [
    { greedy: true, numBeams: 4 },
    '--greedy and --num-beams contradict each other: the first follows only the most likely token, the second several; leave one of them out',
  ],
  [
    { greedy: true, candidates: 4 },
    '--greedy and --candidates contradict each other: greedy candidates are all the same; leave one of them out',
  ],
  [
    { greedy: true, mmi: 'reversed' },
    '--greedy and --mmi contradict each other: greedy candidates are all the same; leave one of them out',
  ],
  [
    { numBeams: 4, topP: 0.9 },
    '--num-beams and --top-p contradict each other: beam search does not sample; leave one of them out',
  ],
  [
    { numBeams: 4, candidates: 4 },
    '--num-beams and --candidates contradict each other: candidates are sampled; leave one of them out',
  ],
  [
    { numBeams: 4, mmi: 'reversed' },
    '--num-beams and --mmi contradict each other: only sampled candidates can be ranked; leave one of them out',
  ],
  [
    { mmi: 'reversed', candidates: 1 },
    '--mmi has nothing to rank with --candidates 1; ask for more, or leave out --candidates for 16',
  ],
  [
    { minNewTokens: 9, maxNewTokens: 8 },
    '--min-new-tokens 9 is more than --max-new-tokens 8; lower the first or raise the second',
  ],
  [
    { temperature: 0 },
    '--temperature is 0 on the command line, but must be a number above 0; for the most likely tokens without sampling use --greedy',
  ],
  [
    { temperature: -1 },
    '--temperature is -1 on the command line, but must be a number above 0; for the most likely tokens without sampling use --greedy',
  ],
  [{ topP: 1.5 }, '--top-p is 1.5 on the command line, but must be a number above 0 and at most 1'],
  [
    { maxNewTokens: 0 },
    '--max-new-tokens is 0 on the command line, but must be a whole number of at least 1',
  ],
  [{ stop: [''] }, '--stop is [""] on the command line, but must be a text or a list of them'],
  [{ prompt: '' }, '--prompt is "" on the command line, but must be a message'],
  [
    { precision: 'bf15' },
    '--precision is "bf15" on the command line, but must be auto, fp32, bf16, fp16 or int8; did you mean bf16?',
  ],
];

for (const [values, message] of refused)
  test(`refused: ${JSON.stringify(values)}`, () => {
    assert.equal(
      refusal('usage', () => load(values)),
      message,
    );
  });

test('what only looks like a contradiction is taken', () => {
  for (const values of [
    { greedy: true, candidates: 1 },
    { greedy: false, temperature: 0.5 },
    { numBeams: 1, topK: 5 },
    { numBeams: 4, seed: 3 },
    { mmi: 'reversed', candidates: 2, temperature: 0.5 },
    { greedy: true, repetitionPenalty: 1.2, noRepeatNgramSize: 3 },
    { minNewTokens: 8, maxNewTokens: 8 },
    { lengthPenalty: -1, numBeams: 2 },
  ])
    load(values);
});

test('options without effect are named', () => {
  assert.deepEqual(load({ temperature: 0.5 }).notes, []);
  assert.deepEqual(load({ lengthPenalty: 2 }).notes.map(withFlags), [
    '--length-penalty has no effect without beam search (--num-beams)',
  ]);
  assert.deepEqual(load({ greedy: true, seed: 1 }).notes.map(withFlags), [
    '--seed has no effect: --greedy does not use random numbers',
  ]);
  assert.deepEqual(load({ numBeams: 3, seed: 1 }).notes.map(withFlags), [
    '--seed has no effect: --num-beams does not use random numbers',
  ]);
});

test('greedy and beam search draw nothing', () => {
  assert.equal(generationSettings(load({}).options).doSample, true);
  assert.equal(generationSettings(load({ greedy: true }).options).doSample, false);
  assert.equal(generationSettings(load({ numBeams: 2 }).options).doSample, false);
});

test('the default is 16 candidates with --mmi, else one', () => {
  assert.equal(candidateCount(load({}).options), 1);
  assert.equal(candidateCount(load({ mmi: 'reversed' }).options), 16);
  assert.equal(candidateCount(load({ mmi: 'reversed', candidates: 3 }).options), 3);
  assert.equal(candidateCount(load({ candidates: 5 }).options), 5);
});

test('options that only a bot or only a model knows are named when there is none', () => {
  const notes = (values: Partial<Record<ChatOption, unknown>>) => load(values).notes.map(withFlags);
  assert.deepEqual(notes({ model: 'm', user: 'ann', timeZone: 'Asia/Tokyo' }), [
    '--user has no effect without --rules',
    '--time-zone has no effect without --rules',
  ]);
  assert.deepEqual(notes({ rules: ['shop.db'], user: 'ann', json: true, topK: 3, threads: 1 }), [
    '--top-k has no effect, because no model takes part',
    '--threads has no effect, because no model takes part',
  ]);
  assert.deepEqual(notes({ model: 'm', rules: ['shop.db'], user: 'ann', topK: 3 }), []);
});
