// What a person says about themselves, by patterns. To add one: a line in the table, and an example in facts.test.ts.
//
// A pattern has one group, the value. It is tried at each clause, so it begins where a clause begins. Patterns take what is
// said plainly and leave the rest: a fact that was never meant is worse than one that is missed.

export interface FactPattern {
  /** The name in templates: `{name}`. */
  readonly key: string;
  /** Whether there can be several: `likes` tea, and jazz. Otherwise a new value replaces the old one. */
  readonly several: boolean;
  readonly pattern: RegExp;
  /** The key that cannot have the same value: who dislikes tea does not like it. */
  readonly not?: string;
  /** Only takes back what was said under this key: "I no longer like tea". */
  readonly takesBack?: true;
}

/** A name begins with a letter; further words of it are capitalized, so that "Ann and I" is Ann. */
const name =
  "(\\p{L}[\\p{L}\\p{M}'’.-]{0,39}(?: (?:(?:de|da|van|von|bin|al) )?\\p{Lu}[\\p{L}\\p{M}'’.-]{0,39}){0,3})";
const capitalized = "(\\p{Lu}[\\p{L}\\p{M}'’.-]{0,39}(?: \\p{Lu}[\\p{L}\\p{M}'’.-]{0,39}){0,3})";
/** The rest of the clause. */
const rest = '([\\p{L}\\p{N}][^,;:!?()]{0,79})';
const han = '([\\p{Script=Han}\\p{L}\\p{N}·]{1,12}?)';
const hanRest = '([^，。！？,!?；;：:]{1,40})';
const hanEnd = '(?:[吧呀啊哦喔呢]|就行|就好|好了)?$';

const english = (source: string) =>
  new RegExp(`^(?:(?:hi|hello|hey|well|and|but|so|yes|no|by the way)[, ]+)*${source}`, 'iu');
const chinese = (source: string) => new RegExp(`^(?:你好|您好|嗨|那|哦|嗯|对了|其实)?${source}`, 'iu');

export const factPatterns: readonly FactPattern[] = [
  {
    key: 'name',
    several: false,
    pattern: english(`(?:my name(?:['’]s| is)|(?:i am|i['’]m) called|they call me) ${name}`),
  },
  { key: 'name', several: false, pattern: english(`(?:please |you can |you may |just )?call me ${name}`) },
  { key: 'name', several: false, pattern: chinese(`(?:我叫|我的名字(?:是|叫)|我名叫)${han}${hanEnd}`) },
  {
    key: 'name',
    several: false,
    pattern: chinese(`(?:请|你可以|您可以|可以|就)?(?:叫我|称呼我(?:为)?)${han}${hanEnd}`),
  },
  {
    key: 'likes',
    several: true,
    takesBack: true,
    pattern: english(`i no longer (?:like|love|enjoy) ${rest}`),
  },
  { key: 'likes', several: true, takesBack: true, pattern: chinese(`我(?:不再|已经不)喜欢${hanRest}`) },
  {
    key: 'dislikes',
    several: true,
    not: 'likes',
    pattern: english(
      `i (?:(?:do not|don['’]t) (?:really )?(?:like|enjoy)|really hate|hate|dislike|can['’]t stand) ${rest}`,
    ),
  },
  {
    key: 'dislikes',
    several: true,
    not: 'likes',
    pattern: chinese(`我(?:很|真的)?(?:不太?喜欢|讨厌)${hanRest}`),
  },
  {
    key: 'likes',
    several: true,
    not: 'dislikes',
    pattern: english(`i (?:really |also |do )?(?:like|love|enjoy) ${rest}`),
  },
  {
    key: 'likes',
    several: true,
    not: 'dislikes',
    pattern: chinese(`我(?:也|很|最|真的|非常|特别)?(?:喜欢|热爱)${hanRest}`),
  },
  { key: 'home', several: false, pattern: english(`i (?:live|am living) in ${capitalized}`) },
  { key: 'home', several: false, pattern: english(`i['’]m living in ${capitalized}`) },
  { key: 'home', several: false, pattern: chinese(`我(?:现在|目前)?住在${hanRest}`) },
  { key: 'from', several: false, pattern: english(`(?:i am|i['’]m|i come) from ${capitalized}`) },
  {
    key: 'from',
    several: false,
    pattern: chinese(`我(?:来自|是从)(${'[^，。！？,!?；;：:来]'}{1,40})(?:来的)?`),
  },
  { key: 'age', several: false, pattern: english(`(?:i am|i['’]m) (\\d{1,3}) (?:years old|years of age)`) },
  {
    key: 'age',
    several: false,
    pattern: chinese(`我(?:今年|现在)?(\\d{1,3}|[一二三四五六七八九十]{1,3})岁`),
  },
  { key: 'job', several: false, pattern: english(`i work as an? ${rest}`) },
  { key: 'job', several: false, pattern: chinese(`我的(?:工作|职业)是${hanRest}`) },
  { key: 'birthday', several: false, pattern: english(`my birthday is (?:on )?(?:the )?${rest}`) },
  { key: 'birthday', several: false, pattern: chinese(`我的生日是${hanRest}`) },
  {
    key: 'time_zone',
    several: false,
    pattern: english(`my time ?zone is ([A-Za-z_+-]{2,30}(?:/[A-Za-z_+-]{2,30}){0,2})`),
  },
  {
    key: 'time_zone',
    several: false,
    pattern: chinese(`我的时区是([A-Za-z_+-]{2,30}(?:/[A-Za-z_+-]{2,30}){0,2})`),
  },
];

/** "My favourite colour is blue": the key is `favourite_colour`. Two groups, what and which. */
export const favouritePatterns: readonly RegExp[] = [
  english(`my favou?rite (\\p{L}[\\p{L} -]{0,29}) (?:is|are) ${rest}`),
  chinese(`我最(?:喜欢|爱)的([\\p{Script=Han}]{1,10}?)(?:是|叫)${hanRest}`),
];

/** Values that are no values: "my name is not important", "call me later", "我叫什么". */
export const noValue =
  /^(?:not|no|none|nobody|nothing|what|who|a|an|the|in|on|at|back|again|when|if|as|later|tomorrow|today|soon|maybe|now|crazy|it|that|this|them|him|her|you|to|about|how|which|my|your|going|what(?:ever|['’]s)?|asap|anytime|up|down|out|names?)(?![\p{L}\p{M}\p{N}])|^(?:什么|啥|谁|谁的|你|您|他|她|它|了|过|不|一下|个|车|外卖|什麼|哪|怎么)/iu;
