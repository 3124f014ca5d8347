// Decodes HTML entities that exports leave in texts. Texts that were escaped twice are decoded twice.

import type { TextRepair } from '../rule.js';

const entity = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/i;

export const htmlEntities: TextRepair = {
  name: 'html-entities',
  help: 'Keep HTML entities such as &amp;amp; as they are, instead of decoding them.',
  byDefault: true,
  options: {},
  examples: [
    { before: ['Fish &amp; chips?', 'Yes &#128578;'], after: ['Fish & chips?', 'Yes 🙂'] },
    { before: ['a &amp;lt; b', 'AT&T; &nosuch;'], after: ['a < b', 'AT&T; &nosuch;'] },
  ],
  async start() {
    const { decodeHTMLStrict } = await import('entities');
    const decoded = (text: string) => (entity.test(text) ? decodeHTMLStrict(text) : text);
    return (text) => decoded(decoded(text));
  },
};
