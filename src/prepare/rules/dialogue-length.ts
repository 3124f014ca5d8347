// Drops dialogues with too few or too many turns or words. The DialoGPT paper (Zhang et al. 2020, section 2) drops what is
// longer than 200 words.

import type { NumberSpec } from '../../option-spec.js';
import { type DialogueRule, keep, limit, type Verdict } from '../rule.js';

const options = {
  minTurns: { ...limit, help: 'Drop dialogues that have fewer turns.' },
  maxTurns: { ...limit, help: 'Drop dialogues that have more turns.' },
  maxDialogueWords: {
    ...limit,
    help: 'Drop dialogues that have more words in all turns; the DialoGPT paper allows 200.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

export const dialogueLength: DialogueRule<typeof options> = {
  name: 'dialogue-length',
  help: 'Keep dialogues of any length.',
  byDefault: true,
  options,
  examples: [
    { before: ['Hi', 'Hello'], after: null, options: { minTurns: 3 } },
    { before: ['Hi', 'Hello', 'Bye'], after: null, options: { maxTurns: 2 } },
    { before: ['How are you?', '很好'], after: null, options: { maxDialogueWords: 4 } },
    { before: ['How are you?', '很好'], after: ['How are you?', '很好'], options: { maxDialogueWords: 5 } },
  ],
  async start({ minTurns, maxTurns, maxDialogueWords }) {
    const { wordsIn } = await import('../../corpus/words.js');
    return ({ turns }) => {
      const spoken = turns.filter(({ role }) => role !== 'system');
      if (spoken.length < (minTurns ?? 0)) return drop('too few turns');
      if (spoken.length > (maxTurns ?? Number.POSITIVE_INFINITY)) return drop('too many turns');
      if (maxDialogueWords === null) return keep;
      const words = spoken.reduce((sum, { text }) => sum + wordsIn(text), 0);
      return words > maxDialogueWords ? drop('too many words') : keep;
    };
  },
};

function drop(reason: string): Verdict {
  return { kind: 'drop', reason };
}
