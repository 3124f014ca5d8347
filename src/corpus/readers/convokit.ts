// Reads ConvoKit's utterances.jsonl. An utterance answers the one that `reply-to` names, so lines can be in any order. The
// other files of a corpus (speakers.json, index.json, ...) hold nothing that is said.

import { isRecord } from '../../objects.js';
import type { FolderReader, SingleRecordReader } from '../reader.js';
import { openText } from '../text-file.js';
import { timeOf } from './chat-time.js';
import { jsonRecords } from './json-text.js';
import { inLowerCase, neededText } from './record.js';

const fields: ReadonlySet<string> = new Set([
  ...[
    'id',
    'conversation_id',
    'root',
    'text',
    'speaker',
    'user',
    'reply-to',
    'reply_to',
    'timestamp',
    'meta',
    'vectors',
  ],
]);

const utterance = `{"id": "L1", "conversation_id": "L1", "text": "How are you?", "speaker": "u0", "reply-to": null, "timestamp": null}
{"id": "L2", "conversation_id": "L1", "text": "Well enough.", "speaker": "u2", "reply-to": "L1", "timestamp": null}
`;

export const convokitUtterances: SingleRecordReader = {
  format: 'convokit-utterances',
  about: "ConvoKit's utterances",
  example: { 'utterances.jsonl': utterance },
  expects: 'id, text, speaker and reply-to',
  fields: () => fields,
  matches: (record) =>
    Object.hasOwn(record, 'text') &&
    (Object.hasOwn(record, 'reply-to') || Object.hasOwn(record, 'reply_to')) &&
    (Object.hasOwn(record, 'speaker') || Object.hasOwn(record, 'user')),
  *read(record, { path, line }) {
    const replyTo = record['reply-to'] ?? record.reply_to;
    const speaker = record.speaker ?? record.user;
    const chat = record.conversation_id ?? record.root ?? path;
    const text = neededText(record, 'text');
    yield {
      chat: `convokit ${path} ${String(chat)}`,
      speaker: String(isRecord(speaker) ? (speaker.id ?? '') : (speaker ?? '')),
      time: timeOf(record.timestamp),
      text,
      kind: text.trim() === '' ? 'cut' : 'text',
      ...(record.id !== undefined && { id: String(record.id) }),
      ...(replyTo !== null && replyTo !== undefined && { replyTo: String(replyTo) }),
      line,
      file: path,
    };
  },
};

export const convokit: FolderReader = {
  format: 'convokit',
  about: 'a ConvoKit corpus: a folder with utterances.jsonl',
  example: { 'utterances.jsonl': utterance, 'speakers.json': '{}\n', 'index.json': '{}\n' },
  claims(names) {
    if (
      !names.includes('utterances.jsonl') ||
      !names.some((name) => /^(?:speakers|users|index)\.json$/.test(name))
    )
      return [];
    return names.filter((name) =>
      /^(?:utterances\.jsonl|(?:speakers|users|index|conversations|corpus|info\..*)\.json)$/.test(name),
    );
  },
  *read({ files }, context) {
    const source = files.get('utterances.jsonl');
    if (source === undefined) return;
    const { path } = source;
    for (const record of jsonRecords(openText(source).pieces(), path)) {
      if ('rejected' in record) {
        yield record;
        continue;
      }
      const { value, line } = record;
      if (!isRecord(value)) yield { rejected: 'a record that is no object', line };
      else if (convokitUtterances.matches(inLowerCase(value)))
        yield* convokitUtterances.read(inLowerCase(value), {
          ...context,
          path,
          line,
          source: `${path}:${line}`,
        });
      else yield { rejected: 'a record of an unknown shape', line };
    }
  },
};
