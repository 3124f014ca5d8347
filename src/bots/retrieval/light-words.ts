// Words that say little about what a question is about.

const english =
  'a an the is am are was were be been being do does did have has had can could will would shall should may might must ' +
  'i you he she it we they me him her us them my your his its our their this that these those there here ' +
  'to of in on at by for with from about into as and or but if then than so too also just very really ' +
  'some any s t d ll re ve m please thanks thank hi hello hey ok okay um well tell know want like get';

const chinese = '的地得了着过吗呢吧啊呀哦嘛么是在有和与就都也很我你您他她它们这那个一请问想要能可以会';

/** Words of questions that a word of another question may replace without changing what it is about. */
export const lightWords: ReadonlySet<string> = new Set([...english.split(' '), ...chinese]);

/**
 * What is said for politeness before and after a question. It is tried on normalized text, and never leaves nothing.
 */
const before =
  /^(?:(?:(?:hi there|hi|hello|hey|good (?:morning|afternoon|evening)|please|pls|so|um+|uh|well|ok|okay|excuse me|sorry)(?=[\s,，.。!！…~]|$)|你好|您好|请问一下|请问|我?想问一下|嗯+|那(?![么个些里儿样天时年种边位])|哦|喂|嗨)[\s,，.。!！…~]*)+/u;
const after =
  /(?<![\s\p{P}])[\s\p{P}]*(?:(?<![\p{L}\p{M}\p{N}])(?:please|pls|plz|thanks|thank you|thx|then|mate|sir)|谢谢|谢谢你|谢谢您|呢|呀|啊|吗|嘛|哦|吧)[\s\p{P}]*$/u;

/** A question without its politeness. */
export function withoutPoliteness(text: string): string {
  let plain = text.replace(before, '');
  for (let times = 0; times < 3; times++) {
    const shorter = plain.replace(after, '');
    if (shorter === plain) break;
    plain = shorter;
  }
  return plain === '' ? text : plain;
}
