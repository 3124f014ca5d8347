// Cuts what one author repeats in many dialogues and nobody says: signatures and legal notes under a message. Automatic replies
// are no longer learned. On request, macros are bounded: a sentence with which an author begins or ends many replies stays in
// some of them, so that the bot still greets.
//
// The author is the speaker, or everybody with the same role where speakers have no names.

import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import type { NumberSpec } from '../../option-spec.js';
import { type CorpusRule, changeTexts, learnedReplies, limit, type Survey, unlearn } from '../rule.js';

const options = {
  signatureCount: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 3,
    min: 1,
    help: 'A signature is cut if its author ends messages with the same lines in at least this many dialogues.',
  },
  maxMacroCount: {
    ...limit,
    help: 'Learn the same sentence of at least five words at the beginning or end of replies of one author in at most this many dialogues.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

/** A line that begins a signature, or that only a legal note has. */
const signature =
  /^(?:(?:with )?(?:best|kind|kindest|warm|warmest) (?:regards|wishes)|(?:many )?regards|sincerely|yours (?:truly|sincerely|faithfully)|cheers,|mit freundlichen grüßen|viele grüße|liebe grüße|cordialement|bien à vous|saludos|atentamente|sent from|此致|敬礼|顺颂|谨启|敬上|祝您|祝好|发自我的)|(?:敬上|谨启)[。！]?$|intended recipient|confidential|unsubscribe|all rights reserved|免责声明|本邮件.{0,20}(?:保密|机密)/iu;
const automatic = /^[【[(（]{0,2}(?:(?:系统)?自动回复|auto(?:matic)?[- ]?reply|out of office)[】\])）:：]/iu;

const [mail, followUp] = ['It is on its way.', 'It arrives on Friday.'];
const closing = '\n\nBest regards,\nAnna\nSupport Team';
const [sent, arrives] = ['已经发货了。', '周五到。'];

export const boilerplate: CorpusRule<typeof options> = {
  name: 'boilerplate',
  help: 'Keep signatures that an author repeats under messages, and learn automatic replies.',
  byDefault: true,
  options,
  examples: [
    {
      before: ['Where is it?', `${mail}${closing}`, 'When?', `${followUp}${closing}`],
      after: ['Where is it?', mail, 'When?', followUp],
      options: { signatureCount: 1 },
    },
    {
      before: ['发货了吗？', `${sent}\n此致\n敬礼\n小王`, '什么时候到？', `${arrives}\n此致\n敬礼\n小王`],
      after: ['发货了吗？', sent, '什么时候到？', arrives],
      options: { signatureCount: 1 },
    },
    { before: ['在吗？', '【自动回复】您好，客服正忙，请稍等。'], after: null },
    {
      before: ['Is it open?', 'Yes.\nSee you there\nAnna', '几点？', '九点。\n明天见'],
      after: ['Is it open?', 'Yes.\nSee you there\nAnna', '几点？', '九点。\n明天见'],
      options: { signatureCount: 1 },
    },
  ],
  async start({ signatureCount, maxMacroCount }) {
    const { textHash } = await import('../../corpus/text-hash.js');
    const { HashCounts } = await import('../hash-counts.js');
    const hashOf = (author: string, unit: string) => textHash(`${author}\n${normalized(unit)}`);
    const lines = new HashCounts();
    const cutSignature = (text: string, { author }: Authored) =>
      withoutSignature(text, (line) => lines.of(hashOf(author, line)) >= signatureCount);
    const macros = maxMacroCount === null ? undefined : await startMacros(maxMacroCount, hashOf);
    return {
      see(dialogue) {
        const seen = new Set<number>();
        for (const { turn, author } of authored(dialogue))
          for (const line of turn.text.split('\n').slice(1)) if (line !== '') seen.add(hashOf(author, line));
        for (const hash of seen) lines.add(hash);
        macros?.see(dialogue);
      },
      ...(macros && { seeAgain: (dialogue: Dialogue) => macros.seeAgain?.(dialogue) }),
      judge(dialogue) {
        const authors = new Map(authored(dialogue).map((one) => [one.turn, one]));
        const cut = changeTexts(dialogue, (text, turn) => {
          const one = authors.get(turn);
          return one ? cutSignature(text, one) : text;
        });
        const signed = cut.kind === 'change' ? withTurns(dialogue, cut.turns as readonly Turn[]) : dialogue;
        const written = unlearn(signed, 'an automatic reply', ({ text }) => automatic.test(text));
        if (written.kind !== 'keep' || macros === undefined) return written.kind === 'keep' ? cut : written;
        const verdict = macros.judge(signed);
        return verdict.kind === 'keep' ? cut : verdict;
      },
    };
  },
};

interface Authored {
  readonly turn: Turn;
  readonly author: string;
}

function authored({ turns }: Dialogue): readonly Authored[] {
  return turns.flatMap((turn) => {
    const author = turn.speakerId ?? turn.speaker ?? turn.role;
    return turn.role === 'system' ? [] : [{ turn, author: author ?? '' }];
  });
}

function withTurns(dialogue: Dialogue, turns: readonly Turn[]): Dialogue {
  return { ...dialogue, turns };
}

/** Numbers differ from message to message, and placeholders from dialogue to dialogue. */
function normalized(text: string): string {
  return text
    .replace(/\[([A-Z_]{1,40}?)(?:_\d{1,9})?\]/g, '[$1]')
    .toLowerCase()
    .replace(/\d{1,40}/g, '0')
    .replace(/[\p{P}\s]{1,20}$/u, '')
    .trim();
}

/** @param isRepeated whether the author repeats a line. The first line is never cut. */
function withoutSignature(text: string, isRepeated: (line: string) => boolean): string {
  const lines = text.split('\n');
  let first = lines.length;
  let cutAt = lines.length;
  while (first > 1) {
    const line = lines[first - 1] ?? '';
    if (line !== '' && !isRepeated(line)) break;
    first--;
    if (signature.test(line)) cutAt = first;
  }
  return cutAt === lines.length ? text : lines.slice(0, cutAt).join('\n').trim() || text;
}

/** A sentence with fewer words is too short for a macro: people say it themselves. */
const fewestWords = 5;
const sentence = /[^.!?。！？…\n]+[.!?。！？…\n]*|[.!?。！？…\n]+/gu;

async function startMacros(most: number, hashOf: (author: string, unit: string) => number): Promise<Survey> {
  const { textHash } = await import('../../corpus/text-hash.js');
  const { HashCounts } = await import('../hash-counts.js');
  const { wordsIn } = await import('../../corpus/words.js');
  const { SmallestRanks } = await import('../smallest-ranks.js');
  const counts = new HashCounts();
  const kept = new SmallestRanks(most);
  const rankOf = ({ source, turns }: Dialogue, hash: number) =>
    textHash(JSON.stringify([source, hash, turns.map(({ text }) => text)]));
  /** The sentences of a text; those that are long enough with the hash by which they are counted. */
  const sentencesOf = ({ turn, author }: Authored) =>
    (turn.text.match(sentence) ?? []).map((text) => ({
      text,
      hash: wordsIn(text) >= fewestWords ? hashOf(author, text) : undefined,
    }));
  const hashesIn = (dialogue: Dialogue): ReadonlySet<number> => {
    const replies = new Set(learnedReplies(dialogue).map((index) => dialogue.turns[index]));
    const learned = authored(dialogue).filter(({ turn }) => replies.has(turn));
    return new Set(learned.flatMap((one) => sentencesOf(one).flatMap(({ hash }) => hash ?? [])));
  };
  return {
    see(dialogue) {
      for (const hash of hashesIn(dialogue)) counts.add(hash);
    },
    seeAgain(dialogue) {
      for (const hash of hashesIn(dialogue))
        if (counts.of(hash) > most) kept.add(hash, rankOf(dialogue, hash));
    },
    judge(dialogue) {
      const authors = new Map(authored(dialogue).map((one) => [one.turn, one]));
      const replies = new Set(learnedReplies(dialogue).map((index) => dialogue.turns[index]));
      const isSpare = (hash: number | undefined) =>
        hash !== undefined && kept.isBeyond(hash, rankOf(dialogue, hash));
      const only = new Set<Turn>();
      const cut = changeTexts(dialogue, (text, turn) => {
        const one = authors.get(turn);
        if (!one || !replies.has(turn)) return text;
        const all = sentencesOf(one);
        const from = all.findIndex(({ hash }) => !isSpare(hash));
        if (from < 0) only.add(turn);
        const to = all.findLastIndex(({ hash }) => !isSpare(hash));
        const left = all
          .slice(from, to + 1)
          .map((each) => each.text)
          .join('')
          .trim();
        return from < 0 || left === '' ? text : left;
      });
      if (only.size === 0) return cut;
      const turns = cut.kind === 'change' ? (cut.turns as readonly Turn[]) : dialogue.turns;
      const unfit = new Set([...only].map((turn) => dialogue.turns.indexOf(turn)));
      return unlearn(withTurns(dialogue, turns), 'the reply is a macro', (_, index) => unfit.has(index));
    },
  };
}
