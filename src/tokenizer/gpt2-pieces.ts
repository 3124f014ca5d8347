// Where GPT-2 cuts text before it merges bytes. White space is Unicode's, as transformers has it: JavaScript's \s lacks
// U+0085 and has U+FEFF besides.

const space = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Contractions, words, numbers, signs, white space: the pattern of OpenAI's encoder.py. */
export const gpt2Pieces = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  'gu',
);
