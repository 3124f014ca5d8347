// What a dialogue teaches a bot: each learned turn is the answer to the turn before it. The same turns are learned as in
// training, so weights, roles and chosen speakers count here too.

import type { Dialogue } from '../../corpus/dialogue.js';
import { learntTurns } from '../../corpus/learnt-turns.js';
import type { Pair } from '../store/store.js';

/** Longer texts are documents: nobody asks them, and nobody wants them as an answer. */
const longestQuestion = 2000;
const longestAnswer = 10_000;

/** @param leftOut is told why a learned turn is not the answer to anything. The reasons hold no text of the dialogue. */
export function pairsOf(dialogue: Dialogue, leftOut: (why: string) => void = () => {}): Pair[] {
  const turns = learntTurns(dialogue, 'auto').filter(({ system }) => !system);
  const pairs: Pair[] = [];
  for (const [index, { turn, learned }] of turns.entries()) {
    if (!learned) continue;
    const asked = turns[index - 1]?.turn;
    const before = turns[index - 2]?.turn;
    const [question = '', answer] = [asked?.text.trim(), turn.text.trim()];
    const isAnswer = asked !== undefined && asked.role !== 'tool' && (!turn.role || asked.role !== turn.role);
    if (!isAnswer) leftOut('no question before it');
    else if (question === '' || answer === '') leftOut('no text');
    else if (question.length > longestQuestion)
      leftOut(`a question of more than ${longestQuestion.toLocaleString('en-US')} characters`);
    else if (answer.length > longestAnswer)
      leftOut(`more than ${longestAnswer.toLocaleString('en-US')} characters`);
    else {
      const said = before === undefined || before.role === 'tool' ? '' : before.text.trim();
      pairs.push({
        ...{ question, answer, source: dialogue.source },
        previous: said === '' ? null : said.slice(0, longestAnswer),
      });
    }
  }
  return pairs;
}
