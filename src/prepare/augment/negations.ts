// Counts the negations of a text, in English and Chinese, to see whether a variant lost or gained one.

/** In `n't`, the apostrophe may be missing. */
const english =
  /\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|hardly|barely|unable)\b|n['’]t\b|\b(?:do|does|did|is|are|was|were|wo|ca|could|would|should|has|have|had)nt\b/gi;

/** Words with a character of negation that negate nothing, and questions such as 是不是. */
const noNegation =
  /(\p{Script=Han})不\1|有没有|不错|不但|不仅|不只|不光|不过|不管|不论|不断|不少|不同|不久|不然|不得不|差不多|对不起|不好意思|不客气|了不起|特别|分别|区别|性别|级别|告别|个别|类别|识别|别的|别人|别墅|未来|未必|无论|无非|除非|非常|是否|否则|无线|无锡|没事|没关系/gu;
const chinese = /[不没無无未别勿莫]|并非|绝非|而非/gu;

export function negations(text: string): number {
  const plain = text.replace(noNegation, ' ');
  return (plain.match(english)?.length ?? 0) + (plain.match(chinese)?.length ?? 0);
}
