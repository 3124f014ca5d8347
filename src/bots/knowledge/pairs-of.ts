// What a dialogue teaches a bot: each learned turn is the answer to the turn before it. The same turns are learned as in
// training, so weights, roles and chosen speakers count here too.

import type { Dialogue } from '../../corpus/dialogue.js';
import { learntTurns } from '../../corpus/learnt-turns.js';
import type { Pair } from '../store/store.js';

/** Longer texts are documents: nobody asks them, and nobody wants them as an answer. */
const longestQuestion = 2000;
const longestAnswer = 10_000;

export function pairsOf(dialogue: Dialogue): Pair[] {
  const turns = learntTurns(dialogue, 'auto').filter(({ system }) => !system);
  return turns.flatMap(({ turn: { text, role }, learned }, index): Pair[] => {
    const asked = turns[index - 1]?.turn;
    const before = turns[index - 2]?.turn;
    if (!learned || asked === undefined || asked.role === 'tool') return [];
    // What the assistant says after its own turn answers nobody.
    if (role !== undefined && asked.role === role) return [];
    const [question, answer] = [asked.text.trim(), text.trim()];
    const fits =
      question !== '' &&
      answer !== '' &&
      question.length <= longestQuestion &&
      answer.length <= longestAnswer;
    if (!fits) return [];
    const previous =
      before === undefined || before.role === 'tool' ? null : before.text.slice(0, longestAnswer);
    return [{ question, answer, previous, source: dialogue.source }];
  });
}
