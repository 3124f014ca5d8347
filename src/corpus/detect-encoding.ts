// Guesses the encoding of a text from its bytes. UTF-8 and byte order marks are certain; everything else is decoded in each
// encoding, and the one wins whose characters are the most frequent ones of its languages. A wrong encoding gives rare
// characters.

import { isUtf8 } from 'node:buffer';
import { decoder, type Encoding, unfinishedUtf8 } from './encoding.js';

/** No more than this number of bytes is looked at. */
export const encodingSample = 2 ** 14;

/**
 * @param sample the beginning of a text, or of a line of it. It may end within a character.
 * @returns null for bytes that are no text, for UTF-8 with damaged characters, and if no encoding makes sense.
 */
export function detectEncoding(sample: Buffer): Encoding | null {
  const bytes = sample.subarray(0, encodingSample);
  const mark = markOf(bytes);
  if (mark) return mark;
  if (bytes.includes(0)) return best(bytes, ['utf-16le', 'utf-16be']);
  const unfinished = unfinishedUtf8(bytes);
  const text = bytes.toString('utf8', 0, bytes.length - unfinished);
  const valid = count(text, /[^\0-\x7f\ufffd]/gu);
  const isCut = unfinished === 0 || valid > 0 || bytes.length === encodingSample;
  if (isCut && isUtf8(bytes.subarray(0, bytes.length - unfinished))) return 'utf-8';
  if (valid > count(text, /\ufffd/g)) return null;
  const western = valid === 0 && isWestern(bytes);
  return best(bytes, eastern, western) ?? (western ? 'windows-1252' : best(bytes, ['utf-16le', 'utf-16be']));
}

const eastern: readonly Encoding[] = [
  'gb18030',
  'big5',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'windows-1251',
  'koi8-r',
];

const marks: readonly (readonly [string, Encoding])[] = [
  ['\xef\xbb\xbf', 'utf-8'],
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
  ['\x84\x31\x95\x33', 'gb18030'],
];

function markOf(bytes: Buffer): Encoding | null {
  const start = bytes.toString('latin1', 0, 4);
  return marks.find(([mark]) => start.startsWith(mark))?.[1] ?? null;
}

const chinese =
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔请谢您吗吧呢啊喜欢吃买问单订退货帮助客服店价钱';
const traditional =
  '這個們來為國說時會對過發後經學現當沒動還進樣開從實軍無與長機關點業將兩間問戰頭體見產話給門兒東聲員論處義幾認條係氣題爾別變總電數報結務場計資許統區隊決馬書則聽卻達強難權設記類據規萬覺術領確傳師觀讓識帶導爭運筆請謝嗎買單訂貨幫價錢歡裡很喔啦唷妳麼';
const chineseMarks = '，。？！、：；“”‘’（）《》「」…—～';

const japanese =
  '日一人年大本中長出時事自行見月分後前生間上部者地合内方今回新場金入手高代明実子動全目表外最言現理体当主下意来作用度気小期取都思家話世多正安保数女心点教書先名文重考知道物使求所何店注商品届発送質問答様返電番号願私';

const korean =
  '이다는가에고을의하지도로은사어기한아리라나자인대시해서그정일부수보주스과만들여제전면오거있었습니까요세네안녕감합것으없떻게우저무슨좋예문않할때님십장비원되음아와를니더마구조상소신공동생중실내선화번물연경성미구모분관계속간입배송주문상품반납환불알려드릴겠했싶바로언얼';

/** The most frequent characters of each language. */
const frequent: Readonly<Record<'chinese' | 'japanese' | 'korean' | 'any', ReadonlySet<string>>> = {
  chinese: new Set(chinese + traditional + chineseMarks),
  japanese: new Set(`${japanese}${kana()}、。「」！？ー〜・`),
  korean: new Set(korean),
  any: new Set(`${chinese}${traditional}${chineseMarks}${japanese}${kana()}${korean}${cyrillic()}${ascii()}`),
};

function kana(): string {
  return range(0x3041, 0x3093) + range(0x30a1, 0x30f6);
}

function cyrillic(): string {
  return range(0x410, 0x44f);
}

function ascii(): string {
  return `\n\r\t${range(0x20, 0x7e)}`;
}

function range(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** How many of the characters that are not ASCII are frequent ones. */
interface Likelihood {
  readonly share: number;
  /** The number of different frequent characters. */
  readonly different: number;
}

const unlikely: Likelihood = { share: 0, different: 0 };

/**
 * The encoding with the largest share of frequent characters, if there is any likely one.
 * @param western the text may also be Western: one of its few pairs of bytes can be a frequent character by chance.
 */
function best(bytes: Buffer, candidates: readonly Encoding[], western = false): Encoding | null {
  let [winner, most]: [Encoding | null, number] = [null, western ? 0.55 : 0.2];
  for (const candidate of candidates) {
    const { share, different } = likelihood(decoder(candidate).write(bytes), candidate);
    if (share > most && (!western || different >= 3)) [winner, most] = [candidate, share];
  }
  return winner;
}

function likelihood(text: string, encoding: Encoding): Likelihood {
  if (encoding === 'windows-1251' || encoding === 'koi8-r') return likelyRussian(text);
  if (encoding === 'utf-16le' || encoding === 'utf-16be') {
    const found = likely(text, frequent.any, /./gsu);
    return found.share > 0.5 ? found : unlikely;
  }
  const language =
    encoding === 'euc-kr'
      ? 'korean'
      : encoding === 'shift_jis' || encoding === 'euc-jp'
        ? 'japanese'
        : 'chinese';
  return likely(text, frequent[language], /[^\0-\x7f]/gu);
}

/** @param counted matches the characters that count. */
function likely(text: string, expected: ReadonlySet<string>, counted: RegExp): Likelihood {
  const characters = text.match(counted) ?? [];
  // Undefined bytes, private characters and control characters: the text is broken, or it is no text in this encoding.
  const odd = count(text, /[\ufffd\x80-\x9f\0\p{Co}\p{Cn}]/gu);
  if (odd > characters.length / 50) return unlikely;
  const found = characters.filter((character) => expected.has(character));
  return { share: found.length / Math.max(1, characters.length), different: new Set(found).size };
}

/** In a wrong encoding, capitals and small letters change places, or words hold signs. */
function likelyRussian(text: string): Likelihood {
  const letters = count(text, /[а-яёіїєґ]/gi);
  const explained = letters + count(text, /[«»—–“”„…№’]/g);
  const small = count(text, /[а-яёіїєґ]/g);
  const inWords = count(text, /[а-яёіїєґ]{2,}/gi, (word) => word.length);
  const odd = count(text, /[а-яёіїєґ][А-ЯЁІЇЄҐ]/g) + count(text, /[a-z][а-яёіїєґ]|[а-яёіїєґ][a-z]/gi);
  const frequentLetters = text.match(/[оеаинтсрвлкмдпі]/gi) ?? [];
  const isRussian =
    explained >= 0.9 * count(text, /[^\0-\x7f]/gu) &&
    small >= 0.5 * letters &&
    inWords >= 0.85 * letters &&
    odd <= letters / 20 &&
    count(text, /[аеиоуыэюяёіїє]/gi) >= 0.3 * letters &&
    frequentLetters.length > 0.55 * letters;
  if (!isRussian) return unlikely;
  return { share: frequentLetters.length / letters, different: new Set(frequentLetters).size };
}

/** Whether Windows-1252 gives Western European text: its letters, and signs that are not in the midst of words. */
function isWestern(bytes: Buffer): boolean {
  const text = decoder('windows-1252').write(bytes);
  const foreign = count(text, /[^\0-\x7f]/g);
  const odd = count(text, /(?<=\p{L})[¡-¦§¨¬¯±´µ¶¸¹º¼-¿³×÷]/gu);
  const inRuns = count(text, /[^\0-\x7f]{3,}/g, (run) => run.length);
  return odd <= foreign / 5 && inRuns <= foreign / 2 && !/[\x81\x8d\x8f\x90\x9d]/.test(text);
}

function count(text: string, pattern: RegExp, weight: (match: string) => number = () => 1): number {
  return (text.match(pattern) ?? []).reduce((sum, match) => sum + weight(match), 0);
}
