// A reply as a line of JSON, for programs.

import type { Reply } from '../../generate/reply.js';
import { jsonLine } from '../../quote.js';

/** One line, without its line break, that is safe to write to a terminal. Seconds are rounded to microseconds. */
export function replyJson(reply: Reply): string {
  const { text, tokens, seconds, finishReason, promptTokens, droppedTurns, candidates, from } = reply;
  return jsonLine({
    reply: text,
    ...(from && { source: from.source, score: rounded(from.score) }),
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
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
