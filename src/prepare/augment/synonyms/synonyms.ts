// Replaces some words by synonyms in the same form. English synonyms come from a table, Chinese ones from a list, others from files
// that people bring.

import type { OptionTable } from '../../../option-spec.js';
import type { Augmenter } from '../augmenter.js';

const options = {
  synonyms: {
    group: 'Augmenters',
    type: 'number',
    value: 'share',
    default: null,
    unset: 'none',
    above: 0,
    max: 1,
    help: 'Replace this share of the English and Chinese words that have synonyms.',
  },
  synonymFile: {
    group: 'Augmenters',
    type: 'list',
    value: 'file',
    default: [],
    onePerFlag: true,
    unset: 'none',
    help: 'Also use the synonyms in this file; repeat it for several files.',
  },
} as const satisfies OptionTable;

export const synonyms: Augmenter<typeof options> = {
  name: 'synonyms',
  help: 'Replaces some words by others of the same meaning.',
  options,
  examples: [
    { before: 'I bought a car.', after: 'I purchased an automobile.', options: { synonyms: 1 } },
    { before: '我的手机坏了', after: '我的智能手机坏了', options: { synonyms: 1 } },
  ],
  async start({ synonyms: share, synonymFile: files }, corpus) {
    if (share === null) {
      if (files.length > 0) {
        const { unusedFile } = await import('./start.js');
        throw unusedFile();
      }
      return null;
    }
    const { start } = await import('./start.js');
    return start(share, files, corpus);
  },
};
