// The parts of a text in which no word is replaced: addresses, code, placeholders, what is quoted, and names.

const patterns = [
  // Code, in fences and between backticks.
  /```[\s\S]*?(?:```|$)|`[^`\n]{1,200}`/g,
  // Placeholders, tags, custom emoji.
  /\[[^\][\n]{1,60}\]|\{[^}{\n]{1,60}\}|<[^<>\n]{1,200}>|【[^】\n]{1,60}】|:[a-z0-9_+-]{2,30}:/gi,
  // What somebody said, titles.
  /"[^"\n]{1,120}"|“[^”\n]{1,120}”|«[^»\n]{1,120}»|《[^》\n]{1,60}》|〈[^〉\n]{1,60}〉|「[^」\n]{1,120}」|『[^』\n]{1,120}』|\*[^*\n]{1,120}\*/g,
];
/** ASCII without spaces. */
const run = /[!-~]+/g;
/** What makes a run an address, a file name, a tag, a formula or a part number. */
const special = /[@/\\_=&%$~^+|#<>{}[\]\d`]|[.:][A-Za-z]/;

/** Whether a place in the text must stay as it is. */
export type Untouched = (start: number, end: number) => boolean;

/**
 * Searches the text when the first place is asked for, because most texts have no word to replace.
 * @param names of people, in any letters.
 */
export function untouchedParts(text: string, names: readonly string[]): Untouched {
  let marks: Uint8Array | undefined;
  return (start, end) => {
    marks ??= marked(text.length, partsOf(text, names));
    return marks.subarray(start, end).includes(1);
  };
}

/** A byte for each character, so that a text with very many parts does not take long. */
function marked(length: number, parts: Iterable<Part>): Uint8Array {
  const marks = new Uint8Array(length);
  for (const [start, end] of parts) marks.fill(1, start, end);
  return marks;
}

type Part = readonly [start: number, end: number];

function* partsOf(text: string, names: readonly string[]): Generator<Part> {
  for (const pattern of patterns)
    for (const { index, 0: found } of text.matchAll(pattern)) yield [index, index + found.length];
  for (const { index, 0: found } of text.matchAll(run))
    if (special.test(found)) yield [index, index + found.length];
  const small = text.toLowerCase();
  // A letter whose small form has another length would shift all that follows.
  if (small.length === text.length) for (const name of names) yield* placesOf(name.toLowerCase(), small);
}

const letter = /[a-z0-9]/;

/** Where a name stands in a text, both in small letters. */
function* placesOf(name: string, text: string): Generator<Part> {
  if (name === '') return;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const end = at + name.length;
    const isWithin = (inside: string, outside: string) => letter.test(inside) && letter.test(outside);
    if (
      isWithin(name.charAt(0), text.charAt(at - 1)) ||
      isWithin(name.charAt(name.length - 1), text.charAt(end))
    )
      continue;
    yield [at, end];
  }
}
