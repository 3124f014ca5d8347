// Collects the messages of all chats of a corpus and makes dialogues of them. The messages of a chat can be in several
// files, so dialogues exist only after the last file.

import type { RawDialogue, RawTurn } from '../readers/record.js';
import type { ChatMessage } from './message.js';

export class ChatGathering {
  private readonly chats = new Map<string, ChatMessage[]>();

  add(message: ChatMessage): void {
    const chat = this.chats.get(message.chat);
    if (chat) chat.push(message);
    else this.chats.set(message.chat, [message]);
  }

  *dialogues(): Generator<RawDialogue> {
    for (const [first, ...others] of this.chats.values()) {
      if (!first) continue;
      const turns = [first, ...others].filter(({ kind }) => kind === 'text').map(turnOf);
      yield { turns, source: `${first.file}:${first.line}` };
    }
  }
}

function turnOf({ text, role, speaker }: ChatMessage): RawTurn {
  return { text, supervised: role !== 'system' && role !== 'tool', ...(role ? { role } : { speaker }) };
}
