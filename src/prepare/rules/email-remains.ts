// Cuts what mail programs add to a message: the mail that it answers, and signatures. Readers of helpdesk exports do that
// themselves; this is for mails that come as tables or plain records.

import { changeTexts, type DialogueRule } from '../rule.js';

export const emailRemains: DialogueRule = {
  name: 'email-remains',
  help: 'Keep quoted mails and signatures, instead of cutting them.',
  byDefault: true,
  options: {},
  examples: [
    {
      before: [
        'Where is my order?\n\nSent from my iPhone',
        'On its way.\n\nOn Mon, Ann wrote:\n> Where is my order?',
      ],
      after: ['Where is my order?', 'On its way.'],
    },
    {
      before: ['订单在哪里？\n发自我的 iPhone', '在路上。\n\n在 5月6日，小明 写道：\n> 订单在哪里？'],
      after: ['订单在哪里？', '在路上。'],
    },
    { before: ['> 5 is true', 'Yes -- it is'], after: ['> 5 is true', 'Yes -- it is'] },
  ],
  async start() {
    const { hasMailRemains, mailText } = await import('../../corpus/readers/mail-text.js');
    const cut = (text: string) => mailText(text).replace(/\n{3,}/g, '\n\n');
    return (dialogue) => changeTexts(dialogue, (text) => (hasMailRemains(text) ? cut(text) : text));
  },
};
