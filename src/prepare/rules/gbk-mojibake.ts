// Repairs Chinese that was read in the wrong encoding: UTF-8 as GBK (`浣犲ソ` was `你好`), and GBK as Windows-1252 or Latin-1 (`ÄãºÃ`).
//
// Text that is right stays: what comes out must have the characters that Chinese text is mostly made of, and what was there must
// not. A byte that was lost cannot be brought back: its character becomes U+FFFD.

import { highBytes } from '../../corpus/windows-1252.js';
import type { TextRepair } from '../rule.js';

/** The most frequent characters of written Chinese and of chats. About half of any Chinese text consists of them. */
const frequent: ReadonlySet<string> = new Set(
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体美相见被利什二等产或新己制身果加月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走各入几口认条平系气题活更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直资命山金指许统区保至便空决治马科司五基眼书非则听白却光放强即像难且思王完设色路记南品住告类求程北边死该交万取望觉确传师清今切让识候带导运吗呢吧啊哦嗯哈您请谢早晚喜欢吃饭爱哪谁怎帮忙对说话电影歌买钱朋友这還個們來對時說會學過發開無與長機業問東車嗎請謝歡愛誰',
);

export const gbkMojibake: TextRepair = {
  name: 'gbk-mojibake',
  help: 'Keep Chinese that was read in the wrong encoding as it is, such as 浣犲ソ or ÄãºÃ, instead of repairing it.',
  byDefault: true,
  options: {},
  examples: [
    { before: ['浣犲ソ', 'ÄãºÃ£¬ÅóÓÑ'], after: ['你好', '你好，朋友'] },
    { before: ['Ann: 浣犲ソ鍚?', '寰堝ソ'], after: ['Ann: 你好\ufffd', '很好'] },
    {
      before: ['饕餮，麒麟，鳗鲡', 'ÄÖÜß, naïve, ÀÁÂÃ, ÏÐÈÂÅÒ'],
      after: ['饕餮，麒麟，鳗鲡', 'ÄÖÜß, naïve, ÀÁÂÃ, ÏÐÈÂÅÒ'],
    },
  ],
  start: () => {
    const gbk = new Gbk();
    return (text) => utf8ReadAsGbk(gbkReadAsLatin(text, gbk), gbk);
  },
};

/** Both ways between characters and their two bytes. One byte below 0x80 is ASCII. */
class Gbk {
  private readonly decoder = new TextDecoder('gbk');
  /** By UTF-16 code unit: both bytes of the character, or 0. Made when it is first needed. */
  private readonly codes = new Uint16Array(2 ** 16);
  private isReady = false;

  decode(bytes: Uint8Array): string {
    return this.decoder.decode(bytes);
  }

  codeOf(unit: number): number {
    if (!this.isReady) this.fill();
    return this.codes[unit] ?? 0;
  }

  private fill(): void {
    for (let lead = 0x81; lead <= 0xfe; lead++) {
      const trails = Array.from({ length: 0xfe - 0x40 + 1 }, (_, index) => 0x40 + index);
      // A line feed ends each pair, so that an invalid one does not affect the next.
      const pairs = this.decode(Uint8Array.from(trails.flatMap((trail) => [lead, trail, 0x0a]))).split('\n');
      for (const [index, pair] of pairs.entries())
        if (pair.length === 1 && pair !== lost)
          this.codes[pair.charCodeAt(0)] ||= (lead << 8) | (trails[index] ?? 0);
    }
    this.isReady = true;
  }
}

const lost = '\ufffd';
/** Decoders write a byte that they cannot read as U+FFFD, programs print it as a question mark. */
const gbkRun = /[\u0080-\uffff]{2,}(?:(?<!\ufffd)\?)?/g;
/** Stands for a lost byte. No byte of UTF-8 has this value. */
const lostByte = 0xff;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function utf8ReadAsGbk(text: string, gbk: Gbk): string {
  return text.replace(gbkRun, (run) => {
    const bytes = gbkBytes(run, gbk);
    if (bytes === undefined) return run;
    const whole = run.endsWith('?') ? decodedOr(bytes.subarray(0, -1)) : undefined;
    const decoded = whole === undefined ? utf8.decode(bytes).replace(/\ufffd+/g, lost) : `${whole}?`;
    const isWhole = whole !== undefined || !decoded.slice(0, -1).includes(lost);
    return isWhole && isChinese(decoded) && !isChinese(run) ? decoded : run;
  });
}

/** Undefined if it is not valid UTF-8. */
function decodedOr(bytes: Uint8Array): string | undefined {
  const decoded = utf8.decode(bytes);
  return decoded.includes(lost) ? undefined : decoded;
}

/** The bytes of a run before they were read as GBK. Undefined if they were not. */
function gbkBytes(run: string, gbk: Gbk): Uint8Array | undefined {
  const bytes = new Uint8Array(2 * run.length);
  let length = 0;
  for (let at = 0; at < run.length; at++) {
    const unit = run.charCodeAt(at);
    const code = gbk.codeOf(unit);
    if (unit === 0x20ac) bytes[length++] = 0x80;
    else if (run[at] === '?' || run[at] === lost) bytes[length++] = lostByte;
    else if (code === 0) return undefined;
    else {
      bytes[length++] = code >> 8;
      bytes[length++] = code & 0xff;
    }
  }
  return bytes.subarray(0, length);
}

const latinRun = new RegExp(`[${[...highBytes.keys()].join('')}]{2,}`, 'g');

function gbkReadAsLatin(text: string, gbk: Gbk): string {
  if (!/[\x80-\xff]{2}/.test(text)) return text;
  let repaired = '';
  const whole = text.replace(latinRun, (run) => {
    if (run.length % 2 === 1) return run;
    const characters = gbk.decode(Uint8Array.from(run, (character) => highBytes.get(character) ?? 0));
    if (characters.includes(lost)) return run;
    repaired += characters;
    return characters;
  });
  return isChinese(repaired) ? whole : text;
}

/** Whether a text has two Han characters, and as many frequent ones as real text has. */
function isChinese(text: string): boolean {
  let [han, known] = [0, 0];
  for (const character of text)
    if (/\p{Script=Han}/u.test(character)) {
      han++;
      if (frequent.has(character)) known++;
    }
  return han >= 2 && known >= han * (han < 6 ? 0.5 : 0.25);
}
