// The parts of a text in which no word is replaced: addresses, code, placeholders, what is quoted, and names.

const patterns = [
  // Code, in fences and between backticks.
  /```[\s\S]*?(?:```|$)|`[^`\n]{1,200}`/g,
  // Addresses with a scheme, without one, and of e-mail; files; what is joined by a sign without spaces.
  /[a-z][a-z0-9+.-]{1,20}:\/\/\S+|\bwww\.\S+/gi,
  /[^\s<>()"'“”，。！？、]+(?:[@/\\_=&%$~^+|]|\d|\.[A-Za-z0-9])[^\s<>()"“”，。！？、]*/g,
  /(?:[@/\\_=&%$~^+|#]|\d)[A-Za-z0-9][^\s<>()"“”，。！？、]*/g,
  // Placeholders, tags, custom emoji.
  /\[[^\][\n]{1,60}\]|\{[^}{\n]{1,60}\}|<[^<>\n]{1,200}>|【[^】\n]{1,60}】|:[a-z0-9_+-]{2,30}:/gi,
  // What somebody said, titles.
  /"[^"\n]{1,120}"|“[^”\n]{1,120}”|«[^»\n]{1,120}»|《[^》\n]{1,60}》|〈[^〉\n]{1,60}〉|「[^」\n]{1,120}」|『[^』\n]{1,120}』|\*[^*\n]{1,120}\*/g,
];

/** Whether a place in the text must stay as it is. */
export type Untouched = (start: number, end: number) => boolean;

/** @param names of people, in any letters. */
export function untouchedParts(text: string, names: readonly string[]): Untouched {
  const parts: (readonly [start: number, end: number])[] = [];
  for (const pattern of patterns)
    for (const { index, 0: found } of text.matchAll(pattern)) parts.push([index, index + found.length]);
  const small = text.toLowerCase();
  // Letters whose small form has another length would shift all that follows.
  if (small.length === text.length)
    for (const name of names) {
      const sought = name.toLowerCase();
      if (sought === '') continue;
      for (let at = small.indexOf(sought); at >= 0; at = small.indexOf(sought, at + sought.length))
        parts.push([at, at + sought.length]);
    }
  return (start, end) => parts.some(([from, to]) => start < to && end > from);
}
