// All cleaning rules, in the order in which they run. Options, reports and the table in docs/preparing.md derive from these lists.
// `--help` loads them, so a rule loads data and packages only when it starts.

import type { OptionSpec, OptionTable } from '../option-spec.js';
import type { CorpusRule, DialogueRule, Rule, TextRepair } from './rule.js';
import { blandReplies } from './rules/bland-replies.js';
import { boilerplate } from './rules/boilerplate.js';
import { dialogueLength } from './rules/dialogue-length.js';
import { dropEmoji } from './rules/drop-emoji.js';
import { dropUnsafe } from './rules/drop-unsafe.js';
import { emailRemains } from './rules/email-remains.js';
import { emojiNames } from './rules/emoji-names.js';
import { emptyTurns } from './rules/empty-turns.js';
import { frequentReplies } from './rules/frequent-replies.js';
import { frequentWords } from './rules/frequent-words.js';
import { gbkMojibake } from './rules/gbk-mojibake.js';
import { htmlEntities } from './rules/html-entities.js';
import { longWords } from './rules/long-words.js';
import { markup } from './rules/markup.js';
import { mojibake } from './rules/mojibake.js';
import { otherLanguages } from './rules/other-languages.js';
import { repeatedCharacters } from './rules/repeated-characters.js';
import { repeatedWords } from './rules/repeated-words.js';
import { shouting } from './rules/shouting.js';
import { turnLength } from './rules/turn-length.js';
import { unicode } from './rules/unicode.js';
import { urls } from './rules/urls.js';
import { whiteSpace } from './rules/white-space.js';

/** Before redaction. */
export const textRepairs: readonly TextRepair[] = [
  gbkMojibake,
  mojibake,
  htmlEntities,
  unicode,
  emojiNames,
  whiteSpace,
];
/** On each redacted dialogue alone. */
export const dialogueRules: readonly DialogueRule[] = [
  emailRemains,
  repeatedCharacters,
  dropEmoji,
  emptyTurns,
  urls,
  turnLength,
  dialogueLength,
  otherLanguages,
  repeatedWords,
  frequentWords,
  markup,
  longWords,
  shouting,
  dropUnsafe,
];
/** On the whole corpus, without duplicates. */
export const corpusRules: readonly CorpusRule[] = [boilerplate, blandReplies, frequentReplies];

export const allRules: readonly Rule[] = [...textRepairs, ...dialogueRules, ...corpusRules];

/** The values of all options of rules, by key. */
export type RuleValues = Readonly<Record<string, unknown>>;

/** The key of the option that turns a rule on or off: `html-entities` -> `htmlEntities`. */
export function switchOf({ name }: Pick<Rule, 'name'>): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The options of all rules: a switch each, and what else they take. */
export const ruleOptions: OptionTable = Object.fromEntries(
  allRules.flatMap((rule) => [
    [
      switchOf(rule),
      { group: 'Cleaning', type: 'switch', default: rule.byDefault, help: rule.help } satisfies OptionSpec,
    ],
    ...Object.entries(rule.options),
  ]),
);

/** The rules that are turned on. */
export function chosenRules<Kind extends Rule>(rules: readonly Kind[], values: RuleValues): Kind[] {
  return rules.filter((rule) => values[switchOf(rule)] === true);
}
