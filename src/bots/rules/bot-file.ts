// What a bot file holds once it is read: rules, forms, and what they are made of. read-bot-file.ts reads it, validate.ts looks
// for mistakes that no single line shows.

import type { AnswerSettings } from '../answer-settings.js';
import type { AnswerText } from '../answer-text.js';
import type { Blocked } from '../blocked-words.js';
import type { ByLanguage } from '../language.js';
import type { EmbedderNames } from '../retrieval/meaning/open-embedder.js';
import type { Wording } from '../retrieval/normal-form.js';
import type { Pattern } from './pattern.js';
import type { Program } from './program.js';
import type { SkillName } from './skills.js';
import type { SlotKind } from './slots.js';

/** Something that is wrong with a file that can be read. An error keeps the bot from starting. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** `bot.yaml:12` */
  readonly place: string;
  /** Follows the place: `answers the same question as ...`. */
  readonly message: string;
}

export interface ExactText {
  readonly text: string;
  /** As questions are compared (normalize.ts). */
  readonly normal: string;
  readonly place: string;
}

export type Matcher = { readonly program: Program; readonly place: string } & (
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  | { readonly kind: 'regex'; readonly source: string; readonly names: ReadonlySet<string> }
);

/** What must be known about the user. */
export interface Condition {
  readonly fact: string;
  /** Compared in normal form; null: any value. */
  readonly value: string | null;
  /** True: the condition must not hold. */
  readonly not: boolean;
}

/** An answer as it is written. */
export interface WrittenAnswer {
  readonly text: AnswerText;
  readonly written: string;
  readonly place: string;
}

export type Answers = ByLanguage<readonly WrittenAnswer[]>;

/** What a rule or a form is for: messages, and what must be known. */
export interface Trigger {
  readonly name: string;
  readonly place: string;
  readonly texts: readonly ExactText[];
  readonly matchers: readonly Matcher[];
  readonly conditions: readonly Condition[];
}

export interface Rule extends Trigger {
  readonly kind: 'rule';
  /** Empty lists only in files that do not pass `validate`. */
  readonly answers: Answers;
}

export interface FormSlot {
  readonly name: string;
  readonly place: string;
  readonly kind: SlotKind;
  readonly ask: Answers;
  /** Said before it asks again; null: only asks again. */
  readonly hint: Answers | null;
  /** What the whole value must match. */
  readonly regex: { readonly program: Program; readonly source: string } | null;
  readonly least: number | null;
  readonly most: number | null;
}

export interface Form extends Trigger {
  readonly kind: 'form';
  /** In the order in which they are asked for. Not empty. */
  readonly slots: readonly FormSlot[];
  /** Asked when all slots are filled; null: nothing to confirm. */
  readonly confirm: Answers | null;
  readonly answers: Answers;
  /** What ends the form, in normal form. */
  readonly cancel: ReadonlySet<string>;
  /** Whether another rule may answer in between. */
  readonly interrupt: boolean;
  /** How often the same slot is asked for before the form gives up. */
  readonly tries: number;
  /** A form that waited longer is dropped. */
  readonly expiresAfterMilliseconds: number;
  /** Changes when what is kept of a form in progress no longer fits. */
  readonly version: string;
}

/** What the bot says about forms. */
export interface FormTexts {
  readonly cancelled: ByLanguage<readonly string[]>;
  readonly expired: ByLanguage<readonly string[]>;
  readonly outdated: ByLanguage<readonly string[]>;
  readonly gaveUp: ByLanguage<readonly string[]>;
  readonly yesOrNo: ByLanguage<readonly string[]>;
  readonly startOver: ByLanguage<readonly string[]>;
}

/** How learned questions are found. */
export interface RetrievalSection extends Wording {
  /** Null: by their words only. */
  readonly embedder: EmbedderNames | null;
}

export interface BotFile {
  readonly path: string;
  /** Rules and forms in the order in which they are tried. */
  readonly triggers: readonly (Rule | Form)[];
  readonly lists: ReadonlyMap<string, { readonly place: string }>;
  /** Facts about the user that answers and conditions may name. */
  readonly facts: ReadonlySet<string>;
  readonly skills: readonly SkillName[];
  readonly answers: AnswerSettings;
  readonly retrieval: RetrievalSection;
  /** Null: nothing is blocked. */
  readonly blocked: Blocked | null;
  readonly formTexts: FormTexts;
  /** What reading found, in order. */
  readonly findings: readonly Finding[];
}

export const defaultFormTexts: FormTexts = {
  cancelled: { en: ['All right, I have stopped.'], zh: ['好的，已取消。'] },
  expired: {
    en: ['Your request was open for too long, so I have closed it.'],
    zh: ['您之前的请求等待时间过长，已经关闭。'],
  },
  outdated: {
    en: ['My questions have changed since, so please begin your request again.'],
    zh: ['我的问题已经更新，请重新开始您的请求。'],
  },
  gaveUp: {
    en: ["I can't go on without that, so I have stopped. You can begin again at any time."],
    zh: ['没有这项信息我无法继续，已经停止。您可以随时重新开始。'],
  },
  yesOrNo: { en: ['Please answer yes or no.'], zh: ['请回答“是”或“不是”。'] },
  startOver: { en: ['Then let us begin again.'], zh: ['那我们重新开始。'] },
};

export const defaultCancel: readonly string[] = [
  ...['cancel', 'stop', 'quit', 'never mind', 'nevermind', 'forget it', 'abort'],
  ...['取消', '算了', '不用了', '停', '停止', '退出'],
];
