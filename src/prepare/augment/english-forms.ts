// Finds words of which a variant has another form: "He purchased it" -> "He buy it". It compares word by word, so it says
// nothing of variants that were built anew, as by a translator.

/** Words at other places than these are not compared: more of them change in a sentence that was built anew. */
const mostChanged = 0.4;

const past = new Set(
  'was were had did went got made took gave told said sent paid kept left found felt held ran saw thought brought began broke chose drove ate fell flew forgot grew heard knew led lost met rose sold sat slept spoke spent stood taught understood won wrote built caught came became meant bought sought fought threw drew wore drank sang swam gone been done seen taken given broken chosen spoken written driven eaten fallen forgotten'.split(
    ' ',
  ),
);
/** Without an ending of their own. */
const unchanging = new Set('put cut hit let set shut cost hurt read spread'.split(' '));
const plurals = new Set('people children men women feet teeth mice geese data media staff police'.split(' '));
const withS = new Set(
  'is was has this his its us yes plus thus always sometimes perhaps besides news does goes less across gas bus status focus bonus business address process access success class pass loss boss miss guess unless previous various serious obvious famous'.split(
    ' ',
  ),
);

type Form = 'ing' | 'past' | 's' | 'plain';

function formOf(word: string): Form {
  if (word.length > 4 && word.endsWith('ing')) return 'ing';
  if (past.has(word) || (word.length > 3 && word.endsWith('ed'))) return 'past';
  const endsInS = word.length > 3 && word.endsWith('s') && !/(?:ss|us|is|ous)$/.test(word);
  return plurals.has(word) || (endsInS && !withS.has(word)) ? 's' : 'plain';
}

/** Whether a word that was replaced has another form than its replacement. */
export function isAnotherForm(before: string, after: string): boolean {
  const [one, other] = [wordsOf(before), wordsOf(after)];
  if (one.length !== other.length) return false;
  const replaced = one.flatMap((word, index): (readonly [string, string])[] =>
    word === other[index] ? [] : [[word, other[index] ?? '']],
  );
  if (replaced.length > Math.max(1, mostChanged * one.length)) return false;
  return replaced.some(
    ([from, to]) => formOf(from) !== formOf(to) && !unchanging.has(to) && !unchanging.has(from),
  );
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z]+(?:['’][a-z]+)*/g) ?? [];
}
