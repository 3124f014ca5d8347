// Writes emoji as characters where a chat program exported their names: `:thumbsup:` of Slack and Discord is 👍. Names of no emoji,
// such as those that a team made up, stay.

import { readFileSync } from 'node:fs';
import type { ChoiceSpec } from '../../option-spec.js';
import { emoji as emojiPattern } from '../emoji.js';
import type { Repair, TextRepair } from '../rule.js';

const options = {
  emojiAs: {
    group: 'Cleaning',
    type: 'choice',
    choices: ['characters', 'names'],
    default: 'characters',
    help: 'How the rule emoji-names writes emoji: as characters, or all of them as names such as :thumbsup:.',
  },
} as const satisfies Readonly<Record<string, ChoiceSpec>>;

export const emojiNames: TextRepair<typeof options> = {
  name: 'emoji-names',
  help: 'Keep the names of emoji as they are, such as :thumbsup:, instead of writing 👍.',
  byDefault: true,
  options,
  examples: [
    {
      before: ['Coming? :slightly_smiling_face:', 'Yes :thumbsup::skin-tone-3: see you'],
      after: ['Coming? 🙂', 'Yes 👍🏼 see you'],
    },
    { before: ['好吃吗？:yum:', '好吃:heart::heart:！'], after: ['好吃吗？😋', '好吃❤️❤️！'] },
    {
      before: ['At 10:100:20?', 'std::string:on: :our_parrot: fe80::100:1'],
      after: ['At 10:100:20?', 'std::string:on: :our_parrot: fe80::100:1'],
    },
    {
      before: ['Coming? 🙂', 'Yes 👍🏼 1️⃣'],
      after: ['Coming? :slightly_smiling_face:', 'Yes :+1::skin-tone-3: :one:'],
      options: { emojiAs: 'names' },
    },
  ],
  start: ({ emojiAs }) => (emojiAs === 'names' ? named(table()) : written(table())),
};

interface Emoji {
  readonly characters: string;
  /** The first is the usual one. */
  readonly names: readonly string[];
}

function table(): readonly Emoji[] {
  const file = new URL('../../../../word-lists/emoji.txt', import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [characters = '', ...names] = line.split(' ');
      return { characters, names };
    });
}

/** Light to dark. Slack calls them 2 to 6, Discord 1 to 5. */
const skinTones = ['🏻', '🏼', '🏽', '🏾', '🏿'];
/** Not in a time, a number, an address or a program. */
const codes = /(?<![A-Za-z\d:])(?::[a-z\d_+'-]{1,64}:)+(?![\d:])/g;
const code = /:([a-z\d_+'-]{1,64}):/g;

function written(emoji: readonly Emoji[]): Repair {
  const characters = new Map(
    emoji.flatMap((one) => one.names.map((name) => [name, one.characters] as const)),
  );
  for (const [tone, character] of skinTones.entries()) characters.set(`skin-tone-${tone + 2}`, character);
  const ofName = (name: string): string | undefined => {
    const [, base = name, tone] = /^(.{1,64})_tone([1-5])$/.exec(name) ?? [];
    const found = characters.get(base);
    return found === undefined || tone === undefined ? found : `${found}${skinTones[Number(tone) - 1] ?? ''}`;
  };
  return (text) =>
    text.includes(':')
      ? text.replace(codes, (run) => run.replace(code, (whole, name: string) => ofName(name) ?? whole))
      : text;
}

function named(emoji: readonly Emoji[]): Repair {
  const names = new Map(emoji.map((one) => [one.characters, one.names[0] ?? ''] as const));
  const nameOf = (whole: string): string => {
    const tone = skinTones.findIndex((one) => whole.includes(one));
    const base = tone < 0 ? whole : whole.replace(skinTones[tone] ?? '', '');
    const name = names.get(base) ?? names.get(base.replaceAll('\ufe0f', ''));
    if (name === undefined) return whole;
    return tone < 0 ? `:${name}:` : `:${name}::skin-tone-${tone + 2}:`;
  };
  return (text) => text.replace(emojiPattern, nameOf);
}
