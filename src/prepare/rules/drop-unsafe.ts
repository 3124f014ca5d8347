// Drops dialogues with abuse, hate and the like: by word lists that people can edit, and by a filter trained on their labels.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import type { OptionSpec } from '../../option-spec.js';
import { quoted } from '../../quote.js';
import { type DialogueRule, keep } from '../rule.js';
import type { LinearFilter } from '../unsafe/linear-filter.js';

const options = {
  unsafeWords: {
    group: 'Sensitive content',
    type: 'list',
    value: 'file',
    default: [],
    onePerFlag: true,
    unset: 'the lists of the program',
    help: 'A word list for --drop-unsafe instead of the lists of the program, one word or phrase a line. Can be given several times.',
  },
  unsafeFilter: {
    group: 'Sensitive content',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    help: 'A filter that chatbot-data train-filter made, for --drop-unsafe besides the word lists.',
  },
  unsafeThreshold: {
    group: 'Sensitive content',
    type: 'number',
    value: 'p',
    default: 0.5,
    above: 0,
    max: 1,
    help: 'The probability from which the filter calls a text unsafe.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const dropUnsafe: DialogueRule<typeof options> = {
  name: 'drop-unsafe',
  help: 'Drop dialogues with abuse, hate or sexual words, by word lists and a filter.',
  byDefault: false,
  options,
  examples: [
    { before: ['Can you help?', 'Fuck off'], after: null },
    { before: ['Scunthorpe United?', 'They play well'], after: ['Scunthorpe United?', 'They play well'] },
    { before: ['你好', '你这个傻逼'], after: null },
  ],
  async start({ unsafeWords, unsafeFilter, unsafeThreshold }) {
    const { score } = await import('../unsafe/linear-filter.js');
    const { entriesIn, ownLists, WordList } = await import('../unsafe/word-list.js');
    const files = unsafeWords.length === 0 ? ownLists : unsafeWords;
    const list = new WordList(files.flatMap(entriesIn));
    const filter = unsafeFilter === null ? undefined : await filterIn(unsafeFilter);
    return ({ turns }) => {
      if (turns.some(({ text }) => list.isIn(text))) return { kind: 'drop', reason: 'a word of the lists' };
      if (filter && turns.some(({ text }) => score(filter, text) >= unsafeThreshold))
        return { kind: 'drop', reason: 'unsafe by the filter' };
      return keep;
    };
  },
};

/** Weights of 2^18 bytes as base64, and some. */
const mostFilterBytes = 2 ** 22;

async function filterIn(path: string): Promise<LinearFilter> {
  const { parsedFilter } = await import('../unsafe/linear-filter.js');
  const { textOfOption } = await import('../option-file.js');
  const advice = 'make one with chatbot-data train-filter';
  const filter = parsedFilter(
    textOfOption({ key: 'unsafeFilter', path, mostBytes: mostFilterBytes, advice }),
  );
  if (filter) return filter;
  throw new UserError('option-invalid', `${option('unsafeFilter')}: ${quoted(path)} is no filter; ${advice}`);
}
