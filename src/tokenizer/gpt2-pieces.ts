// Splits text into pieces as GPT-2 does before it merges bytes. White space is defined as in Unicode and transformers:
// JavaScript's \s lacks U+0085 and includes U+FEFF.

const space = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Contractions, words, numbers, symbols, white space: the pattern of OpenAI's encoder.py. */
export const gpt2Pieces = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  'gu',
);

/** In a longer text, a run of a million letters would overflow the stack of the regular expression engine. */
const longestMatched = 2 ** 17;

/** The pieces of a text of any length. @param longest longer texts are split without the pattern. */
export function piecesOf(text: string, longest = longestMatched): readonly string[] {
  return text.length <= longest ? (text.match(gpt2Pieces) ?? []) : piecesOfLong(text);
}

/** Runs of one kind of character, at most 1000 characters a match, in the order of the pattern's alternatives. */
const runs = ['\\p{L}', '\\p{N}', `[^${space}\\p{L}\\p{N}]`].map(
  (kind) => new RegExp(`${kind}{1,1000}`, 'uy'),
);
const spaces = new RegExp(`[${space}]{1,1000}`, 'uy');
const contraction = /'s|'t|'re|'ve|'m|'ll|'d/y;

/** The end of the run that begins at `start`, or `start` if there is no run. */
function endOfRun(run: RegExp, text: string, start: number): number {
  let end = start;
  for (run.lastIndex = end; run.test(text); run.lastIndex = end) end = run.lastIndex;
  return end;
}

function endOfPiece(text: string, start: number): number {
  contraction.lastIndex = start;
  if (contraction.test(text)) return contraction.lastIndex;
  for (const run of runs)
    for (const first of text[start] === ' ' ? [start + 1, start] : [start]) {
      const end = endOfRun(run, text, first);
      if (end > first) return end;
    }
  const end = endOfRun(spaces, text, start);
  // The last space of several belongs to the word after it.
  return end === text.length || end === start + 1 ? end : end - 1;
}

function piecesOfLong(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    // The pattern skips a lone surrogate, and this does not. Texts to encode contain none.
    const end = Math.max(start + 1, endOfPiece(text, start));
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
