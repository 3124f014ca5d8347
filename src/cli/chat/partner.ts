// Opens who answers in a conversation: a model, a bot that answers from rules and what it learned, or the bot before the
// model. What is not used is not loaded: a bot without a model starts at once.

import type { BotSpeaker } from '../../bots/bot-speaker.js';
import type { ChatOptions } from '../../config/chat-options.js';
import { candidateCount } from '../../config/chat-settings.js';
import type { Speaker } from '../../generate/conversation.js';
import type { OpenChat, OpenedChat, OpeningWatcher } from '../../library/open-chat.js';
import { checkedZone } from '../time-zone.js';

export interface Partner {
  readonly speaker: Speaker;
  readonly chat: OpenedChat | null;
  readonly bot: BotSpeaker | null;
  close(): Promise<void>;
}

/** @param open opens the model. */
export async function openPartner(
  options: ChatOptions,
  open: OpenChat | undefined,
  watcher: OpeningWatcher,
): Promise<Partner> {
  const { model, rules, user, keepDays, learning } = options;
  const timeZone = checkedZone(options.timeZone);
  const openModel =
    open ?? (model === null ? undefined : (await import('../../library/open-chat.js')).openChat);
  const chat =
    model === null || openModel === undefined ? null : await openModel({ ...options, model }, watcher);
  const dispose = () => chat?.dispose();
  if (rules.length === 0 && chat)
    return { speaker: chat.model, chat, bot: null, close: async () => dispose() };
  try {
    const { botParts, openBot } = await import('../../bots/open-bot.js');
    const { BotSpeaker } = await import('../../bots/bot-speaker.js');
    const neural =
      chat && new (await import('../../bots/neural-bot.js')).NeuralBot(chat.model, candidateCount(options));
    const opened = await openBot(botParts(rules), {
      ...{ model: neural, keepDays },
      finding: { flags: options },
    });
    const bot = new BotSpeaker(opened.bot, opened.store, { user, timeZone }, neural, { learning });
    const close = async () => {
      await opened.close();
      dispose();
    };
    return { speaker: bot, chat, bot, close };
  } catch (thrown) {
    dispose();
    throw thrown;
  }
}
