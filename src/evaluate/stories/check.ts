// Whether an answer is what a story expects.

import type { Answer } from '../../bots/bot.js';
import { quoted } from '../../quote.js';
import type { Expectation } from './story.js';

/** @returns what is not as expected, a sentence each. */
export function problemsOf(answer: Answer, expected: Expectation): string[] {
  if (answer.kind === 'passed') return [`the bot has no answer: ${answer.why}`];
  const { text, source, score } = answer;
  const { oneOf, contains, lacks, matches, minScore } = expected;
  const lower = text.toLowerCase();
  const problems: string[] = [];
  if (oneOf.length > 0 && !oneOf.includes(text.trim()))
    problems.push(
      oneOf.length === 1
        ? `it must say ${quoted(oneOf[0], 200)}`
        : `it must say one of ${oneOf.map((one) => quoted(one, 100)).join(', ')}`,
    );
  for (const part of contains)
    if (!lower.includes(part.toLowerCase())) problems.push(`it must contain ${quoted(part, 200)}`);
  for (const part of lacks)
    if (lower.includes(part.toLowerCase())) problems.push(`it must not contain ${quoted(part, 200)}`);
  for (const regex of matches)
    if (!regex.test(text)) problems.push(`it must match ${quoted(regex.source, 200)}`);
  if (expected.source !== null && source !== expected.source && !source.startsWith(`${expected.source}:`))
    problems.push(`it must come from ${quoted(expected.source)}, but comes from ${quoted(source)}`);
  if (minScore !== null && score < minScore)
    problems.push(`its score must be ${minScore} at least, but is ${score.toFixed(2)}`);
  return problems;
}
