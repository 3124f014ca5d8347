// Reads the tickets of helpdesks: Zendesk (a ticket with its comments) and Intercom (a conversation with its parts). Private
// notes are never read. The quoted mail and the signature of a message are cut off (mail-text.ts). Zendesk keeps a chat as the
// text of one comment (chat-transcript.ts).

import { type Fields, isRecord } from '../../objects.js';
import type { Role } from '../dialogue.js';
import type { SingleRecordReader } from '../reader.js';
import type { Tally } from '../tally.js';
import { timeOf } from './chat-time.js';
import { chatTranscript } from './chat-transcript.js';
import { fromHtml, ownWords } from './mail-text.js';
import { isNothing, type RawTurn } from './record.js';

const zendeskFields: ReadonlySet<string> = new Set([
  ...[
    'id',
    'subject',
    'description',
    'comments',
    'requester_id',
    'requester',
    'submitter_id',
    'assignee_id',
    'created_at',
    'updated_at',
  ],
]);

export const zendesk: SingleRecordReader = {
  format: 'zendesk',
  about: "Zendesk's JSON export: a ticket with its comments; private notes are left out",
  example: {
    'tickets.jsonl':
      '{"id": 1, "subject": "Delivery", "requester_id": 7, "comments": [{"author_id": 7, "public": true, "plain_body": "Where is it?", "created_at": "2024-05-12T09:16:22Z"}, {"author_id": 9, "public": true, "plain_body": "It arrives today.", "created_at": "2024-05-12T10:00:00Z"}]}\n',
  },
  expects: 'requester_id and comments',
  fields: () => zendeskFields,
  matches: ({ comments, requester_id: requester }) => Array.isArray(comments) && requester !== undefined,
  read({ comments, requester_id: requester, requester: person }, { source, tally }) {
    const customer = isRecord(person) && typeof person.name === 'string' ? person.name : undefined;
    const said = (comments as readonly unknown[]).filter(isRecord);
    const notes = said.filter((comment) => comment.public === false);
    if (notes.length > 0) tally.count('privateNote', notes.length);
    if (said.some(({ attachments }) => !isNothing(attachments))) tally.unused('comment attachments');
    const turns = said
      .filter((comment) => comment.public !== false)
      .flatMap((comment): readonly RawTurn[] => {
        const role = comment.author_id === requester ? 'user' : 'assistant';
        const html = comment.html_body;
        const text = comment.plain_body ?? (typeof html === 'string' ? fromHtml(html) : comment.body);
        const chat = typeof text === 'string' ? chatTranscript(text, customer) : null;
        return chat ?? [turnOf(text, role, comment, tally)];
      });
    return [{ turns, source }];
  },
};

const intercomFields: ReadonlySet<string> = new Set([
  ...['type', 'id', 'source', 'conversation_parts', 'created_at', 'updated_at', 'title', 'state'],
]);

export const intercom: SingleRecordReader = {
  format: 'intercom',
  about: "Intercom's conversations with their parts; notes are left out",
  example: {
    'conversations.jsonl':
      '{"type": "conversation", "id": "1", "source": {"body": "<p>Where is it?</p>", "author": {"type": "user"}}, "conversation_parts": {"conversation_parts": [{"part_type": "comment", "body": "<p>It arrives today.</p>", "author": {"type": "admin"}, "created_at": 1715505442}]}}\n',
  },
  expects: 'source and conversation_parts',
  fields: () => intercomFields,
  matches: ({ conversation_parts: parts, source }) =>
    isRecord(source) && (isRecord(parts) || Array.isArray(parts)),
  read({ source: opening, conversation_parts: given }, { source, tally }) {
    const list: unknown = isRecord(given) ? given.conversation_parts : given;
    const parts = (Array.isArray(list) ? list : []).filter(isRecord);
    const notes = parts.filter(({ part_type: type }) => type === 'note');
    if (notes.length > 0) tally.count('privateNote', notes.length);
    const spoken = parts.filter(
      ({ part_type: type, body, redacted }) =>
        ['comment', 'open', 'close'].includes(String(type)) && typeof body === 'string' && redacted !== true,
    );
    const turns = [opening as Fields, ...spoken].map((part) => {
      const author = isRecord(part.author) ? String(part.author.type) : '';
      const role = author === 'user' || author === 'lead' || author === 'contact' ? 'user' : 'assistant';
      return turnOf(typeof part.body === 'string' ? fromHtml(part.body) : null, role, part, tally);
    });
    return [{ turns, source }];
  },
};

function turnOf(text: unknown, role: Role, part: Fields, tally: Tally): RawTurn {
  const time = timeOf(part.created_at);
  return {
    text: typeof text === 'string' ? ownWords(text, tally) : null,
    supervised: true,
    role,
    ...(time !== null && { time }),
  };
}
