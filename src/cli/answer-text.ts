// Where an answer comes from, for people.

import type { Near, Visit } from '../bots/bot.js';
import { oneLine } from '../quote.js';

export function visitText({ bot, kind, score, why, milliseconds }: Visit): string {
  const what = kind === 'said' ? `said (${(score ?? 0).toFixed(2)})` : 'passed';
  return `${bot} ${what}: ${oneLine(why, 200)}; ${milliseconds.toFixed(1)} ms`;
}

export function nearText({ question, answer, score, source }: Near): string {
  return `${score.toFixed(2)} ${oneLine(question, 100)} -> ${oneLine(answer, 100)} (${oneLine(source, 60)})`;
}
