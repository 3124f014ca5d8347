// Drops dialogues in other languages than the wanted ones. A dialogue is judged as a whole, because single turns are too short
// to be sure. What cannot be judged stays.

import type { Languages } from '../../corpus/inspect/language.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import type { TextSpec } from '../../option-spec.js';
import { type DialogueRule, keep } from '../rule.js';

const options = {
  language: {
    group: 'Cleaning',
    type: 'text',
    value: 'codes',
    default: null,
    unset: 'all',
    pattern: { source: '[a-z]{2}(,[a-z]{2})*', words: 'codes of languages such as en or en,zh' },
    help: 'Keep only dialogues in these languages, such as en,zh.',
  },
} as const satisfies Readonly<Record<string, TextSpec>>;

/** Languages whose script shows them. */
const byScript: ReadonlySet<string> = new Set(['zh', 'ja', 'ko', 'ru', 'uk']);

export const otherLanguages: DialogueRule<typeof options> = {
  name: 'other-languages',
  help: 'Keep dialogues in all languages.',
  byDefault: true,
  options,
  examples: [
    { before: ['무엇을 드시겠어요?', '만두 주세요'], after: null, options: { language: 'zh' } },
    {
      before: ['你想吃什么？', '我想吃饺子'],
      after: ['你想吃什么？', '我想吃饺子'],
      options: { language: 'zh' },
    },
    { before: ['ok', ':-)'], after: ['ok', ':-)'], options: { language: 'zh' } },
  ],
  async start({ language }) {
    if (language === null) return () => keep;
    const wanted = new Set(language.split(','));
    const languages = await load(wanted);
    return (dialogue) => {
      const spoken = languages.of(dialogue);
      // Without the detector, what no script shows is in none of the wanted languages.
      const isUnknown = spoken === 'unknown' && (languages.isComplete || !languages.canJudge(dialogue));
      const isWanted = isUnknown || wanted.has(spoken);
      return isWanted ? keep : { kind: 'drop', reason: 'another language' };
    };
  },
};

async function load(wanted: ReadonlySet<string>): Promise<Languages> {
  const { Languages } = await import('../../corpus/inspect/language.js');
  const languages = await Languages.load();
  if (!languages.isComplete && [...wanted].some((language) => !byScript.has(language)))
    throw new UserError(
      'package-missing',
      `${option('language')} needs the package eld to tell languages apart; install it with npm install eld@2.1.0`,
    );
  return languages;
}
