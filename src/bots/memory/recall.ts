// Questions about what the bot knows of the person who asks, and the sentences that answer them. To add one: a line in the
// table, and an example in memory-bot.test.ts.

import type { Language } from '../language.js';

export interface RecallPattern {
  readonly language: Language;
  /** Tried on the normalized message, the whole of it. A group is the thing of a favourite. */
  readonly pattern: RegExp;
  /** The fact; null: all of them. `favourite` is completed by the group. */
  readonly key: string | null;
  /** `{value}` is the value; several are joined. */
  readonly known: string;
  readonly unknown: string;
}

const notYet = 'You have not told me that yet.';
const notYetChinese = '您还没有告诉过我。';
const ask = '(?:do you (?:still )?(?:know|remember) |can you tell me |tell me )?';

export const recallPatterns: readonly RecallPattern[] = [
  {
    language: 'en',
    pattern: new RegExp(
      `^${ask}(?:what(?:['’]s| is) my name|what my name is|my name|who (?:am i|i am))$`,
      'u',
    ),
    key: 'name',
    known: 'Your name is {value}.',
    unknown: 'You have not told me your name yet.',
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}what (?:do i like|i like)$`, 'u'),
    key: 'likes',
    known: 'You like {value}.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}what (?:(?:do i|i) (?:not like|dislike|hate)|don['’]t i like)$`, 'u'),
    key: 'dislikes',
    known: 'You do not like {value}.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}where (?:do i|i) live$`, 'u'),
    key: 'home',
    known: 'You live in {value}.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}where (?:am i|i am|do i come|i come) from$`, 'u'),
    key: 'from',
    known: 'You are from {value}.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}how old (?:am i|i am)$`, 'u'),
    key: 'age',
    known: 'You told me that you are {value} years old.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}when(?:['’]s| is)? my birthday(?: is)?$`, 'u'),
    key: 'birthday',
    known: 'Your birthday is {value}.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: new RegExp(`^${ask}what(?:['’]s| is| are) my favou?rite ([\\p{L} -]{1,30})$`, 'u'),
    key: 'favourite',
    known: 'You told me that it is {value}.',
    unknown: notYet,
  },
  {
    language: 'en',
    pattern: /^what do you (?:know|remember) about me$/u,
    key: null,
    known: 'This is what I know about you: {value}.',
    unknown: 'I know nothing about you yet.',
  },
  {
    language: 'zh',
    pattern:
      /^(?:你(?:还)?(?:知道|记得))?(?:我叫什么(?:名字)?|我的名字(?:是什么|叫什么)?|我是谁)(?:吗|呢)?$/u,
    key: 'name',
    known: '您叫{value}。',
    unknown: '您还没有告诉过我您的名字。',
  },
  {
    language: 'zh',
    pattern: /^(?:你(?:还)?(?:知道|记得))?我不喜欢什么(?:吗|呢)?$/u,
    key: 'dislikes',
    known: '您不喜欢{value}。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern: /^(?:你(?:还)?(?:知道|记得))?我(?:都)?喜欢(?:什么|哪些|些什么)(?:吗|呢)?$/u,
    key: 'likes',
    known: '您喜欢{value}。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern: /^(?:你(?:还)?(?:知道|记得))?我住(?:在)?(?:哪里|哪儿|哪)(?:吗|呢)?$/u,
    key: 'home',
    known: '您住在{value}。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern: /^(?:你(?:还)?(?:知道|记得))?我(?:来自|是)(?:哪里|哪儿)(?:人|来的)?(?:吗|呢)?$/u,
    key: 'from',
    known: '您来自{value}。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern: /^(?:你(?:还)?(?:知道|记得))?我(?:今年)?(?:几岁|多大|多少岁)(?:了)?(?:吗|呢)?$/u,
    key: 'age',
    known: '您说过您{value}岁。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern:
      /^(?:你(?:还)?(?:知道|记得))?我的生日(?:是)?(?:什么时候|哪天|哪一天|几号|几月几号|几月几日)(?:吗|呢)?$/u,
    key: 'birthday',
    known: '您的生日是{value}。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern:
      /^(?:你(?:还)?(?:知道|记得))?我最(?:喜欢|爱)的(\p{Script=Han}{1,10}?)(?:是什么|叫什么|是哪个|是谁)(?:吗|呢)?$/u,
    key: 'favourite',
    known: '您说过是{value}。',
    unknown: notYetChinese,
  },
  {
    language: 'zh',
    pattern: /^你(?:知道|记得|了解)(?:关于)?我(?:的)?(?:什么|哪些(?:事|信息)?)$/u,
    key: null,
    known: '我知道的有：{value}。',
    unknown: '我还不了解您。',
  },
];

/** What is said when somebody has told something about themselves. */
export const acknowledgements: Readonly<Record<Language, { readonly name: string; readonly other: string }>> =
  {
    en: { name: 'Nice to meet you, {value}.', other: 'Good to know. I will remember that.' },
    zh: { name: '很高兴认识您，{value}。', other: '好的，我记住了。' },
  };
