// Dialogues from templates, `I want a ticket from {city} to {city}`, and lists of values.

import type { OptionTable } from '../../../option-spec.js';
import type { Augmenter } from '../augmenter.js';

const options = {
  templates: {
    group: 'Augmenters',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    help: 'A YAML file with templates of dialogues and lists of values for their slots.',
  },
  templateDialogues: {
    group: 'Augmenters',
    type: 'integer',
    value: 'n',
    default: 1000,
    min: 1,
    max: 1_000_000,
    help: 'How many dialogues are made from templates at most.',
  },
} as const satisfies OptionTable;

export const templates: Augmenter<typeof options> = {
  name: 'templates',
  help: 'Makes dialogues from templates and lists of values.',
  options,
  examples: [],
  async start({ templates: path, templateDialogues }, _, seed) {
    if (path === null) return null;
    const [{ readTemplates }, { filled }] = await Promise.all([
      import('./template-file.js'),
      import('./fill.js'),
    ]);
    const read = readTemplates(path);
    return {
      kind: 'invention',
      files: { option: 'templates', paths: read.listFiles },
      invent: () => filled(read, templateDialogues, seed),
      end: () => read.notes,
    };
  },
};
