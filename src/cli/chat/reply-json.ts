// A reply as a line of JSON, for programs.

import type { Reply } from '../../generate/reply.js';

/** What commands a terminal or ends a line for some readers, but JSON would leave as it is. */
const unescaped = /[\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** One line, without its line break, that is safe to write to a terminal. Seconds are rounded to microseconds. */
export function replyJson(reply: Reply): string {
  const { text, tokens, seconds, finishReason, promptTokens, droppedTurns, candidates } = reply;
  const json = JSON.stringify({
    reply: text,
    tokens,
    seconds: rounded(seconds),
    tokens_per_second: seconds > 0 ? rounded(tokens / seconds) : null,
    finish_reason: finishReason,
    prompt_tokens: promptTokens,
    dropped_turns: droppedTurns,
    seconds_to_first_token: rounded(reply.secondsToFirstToken),
    ...(candidates.length > 0 && {
      candidates: candidates.map((candidate) => ({
        reply: candidate.text,
        tokens: candidate.tokens,
        score: candidate.score,
      })),
    }),
  });
  return json.replace(
    unescaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
