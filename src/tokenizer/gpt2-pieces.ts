// Where GPT-2 cuts text before it merges bytes. White space is Unicode's, as transformers has it: JavaScript's \s lacks
// U+0085 and has U+FEFF besides.

const space = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Contractions, words, numbers, signs, white space: the pattern of OpenAI's encoder.py. */
export const gpt2Pieces = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  'gu',
);

/** A run of a million letters would overflow the stack of the engine that runs the pattern. */
const longestMatched = 2 ** 17;

/** The pieces of a text, however long it is. @param longest texts beyond it are cut without the pattern. */
export function piecesOf(text: string, longest = longestMatched): readonly string[] {
  return text.length <= longest ? (text.match(gpt2Pieces) ?? []) : piecesOfLong(text);
}

/** Runs of one kind, a stretch at a time; the pattern's alternatives in their order. */
const runs = ['\\p{L}', '\\p{N}', `[^${space}\\p{L}\\p{N}]`].map(
  (kind) => new RegExp(`${kind}{1,1000}`, 'uy'),
);
const spaces = new RegExp(`[${space}]{1,1000}`, 'uy');
const contraction = /'s|'t|'re|'ve|'m|'ll|'d/y;

/** Where the run ends that begins at `start`; `start` itself where there is none. */
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
    // The pattern passes over half a surrogate pair, which is no character; nothing that is encoded holds one.
    const end = Math.max(start + 1, endOfPiece(text, start));
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
