// What GPT-2's vocabulary is, in short: enough to recognise it in a model folder without making it first.

import { createHash } from 'node:crypto';

/** 256 bytes and 50,000 merges. */
export const ordinaryTokens = 50256;
/** GPT-2 and DialoGPT end every turn with it; its id follows the ordinary ones. */
export const endOfTextToken = '<|endoftext|>';

/** SHA-256 of the ordinary tokens in the order of their ids, and of the merges, a line each. */
const tokensDigest = '3a1f1c010d179f036be1992bc14b861e326341438633869c694dc4dccfe153d3';
const mergesDigest = '04e3597d7996f292ca9b8b7285ca4d58a6ae171ac47d73fc7140ceb0c7a6bbc0';

function digest(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/**
 * Tokens with ids from `ordinaryTokens` on may be any.
 * @param merges each as "left right".
 */
export function isGpt2Vocabulary(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly string[],
): boolean {
  if (vocabulary.size < ordinaryTokens) return false;
  const tokens: string[] = [];
  for (const [token, id] of vocabulary) if (id < ordinaryTokens) tokens[id] = token;
  return digest(tokens) === tokensDigest && digest(merges) === mergesDigest;
}
