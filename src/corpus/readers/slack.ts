// Reads the export of a Slack workspace: users.json, lists of channels, and a file per channel and day. Threads are
// dialogues; what lies outside of threads is cut by pauses.

import { dirname } from 'node:path/posix';
import { type Fields, isRecord } from '../../objects.js';
import type { ChatMessage, MessageKind } from '../chat/message.js';
import type { Folder, FolderReader } from '../reader.js';
import { openText } from '../text-file.js';
import { timeOf } from './chat-time.js';
import { jsonRecords } from './json-text.js';

const lists: readonly string[] = ['channels.json', 'groups.json', 'dms.json', 'mpims.json'];
const dayFile = /^[^/]+\/\d{4}-\d\d-\d\d\.json$/;
const known =
  /^(?:users|org_users|channels|groups|dms|mpims|integration_logs|canvases|huddle_transcripts|file_conversations)\.json$/;

export const slack: FolderReader = {
  format: 'slack',
  about: "a Slack workspace's export: users.json, channels.json, and a file per channel and day",
  example: {
    'channels.json': '[{"id": "C1", "name": "general"}]\n',
    'users.json':
      '[{"id": "U1", "name": "ann", "profile": {"display_name": "Ann"}}, {"id": "U2", "name": "ben"}]\n',
    'general/2024-05-12.json': `[
  {"type": "message", "user": "U1", "text": "Are you up, <@U2>?", "ts": "1715505382.000100"},
  {"type": "message", "user": "U2", "text": "Yes &amp; no", "ts": "1715505442.000200"}
]
`,
  },
  claims(names) {
    const isExport = names.some((name) => lists.includes(name)) && names.some((name) => dayFile.test(name));
    return isExport ? names.filter((name) => dayFile.test(name) || known.test(name)) : [];
  },
  *read(folder, { tally }) {
    const people = peopleOf(folder);
    for (const [name, source] of folder.files) {
      if (!dayFile.test(name)) continue;
      for (const record of jsonRecords(openText(source).pieces(), source.path)) {
        if ('rejected' in record) {
          yield record;
          continue;
        }
        const { value, line } = record;
        if (!isRecord(value) || value.type !== 'message') tally.unused('a record that is no message');
        else yield messageOf(value, people, { chat: `slack ${dirname(name)}`, line, file: source.path });
      }
    }
  },
};

/** The names that people chose, by id. */
function peopleOf({ files }: Folder): ReadonlyMap<string, string> {
  const people = new Map<string, string>([['USLACKBOT', 'Slackbot']]);
  const source = files.get('users.json') ?? files.get('org_users.json');
  if (source === undefined) return people;
  for (const record of jsonRecords(openText(source).pieces(), source.path)) {
    const value = 'rejected' in record ? undefined : record.value;
    if (isRecord(value) && typeof value.id === 'string') people.set(value.id, nameOf(value));
  }
  return people;
}

function nameOf(user: Fields): string {
  const profile = isRecord(user.profile)
    ? user.profile
    : isRecord(user.user_profile)
      ? user.user_profile
      : {};
  const names = [profile.display_name, profile.real_name, user.real_name, user.name, user.id];
  return String(names.find((name) => typeof name === 'string' && name !== '') ?? '');
}

function messageOf(
  message: Fields,
  people: ReadonlyMap<string, string>,
  place: Pick<ChatMessage, 'chat' | 'line' | 'file'>,
): ChatMessage {
  const { user, ts, thread_ts: thread, subtype } = message;
  const id = typeof user === 'string' ? user : String(message.bot_id ?? message.username ?? '');
  const kind = kindOf(message);
  const profile = isRecord(message.user_profile) ? nameOf({ profile: message.user_profile }) : '';
  return {
    ...place,
    speaker: people.get(id) ?? (profile === '' ? id : profile),
    speakerId: id,
    time: timeOf(ts),
    kind,
    text: kind === 'text' ? unescaped(String(message.text), people) : '',
    // A broadcast reply stands in the thread and in the channel; here it belongs to the thread.
    ...((typeof thread === 'string' || subtype === 'thread_broadcast') && { thread: String(thread) }),
  };
}

/** Subtypes are announcements, except for these. */
const spoken: readonly unknown[] = [undefined, 'thread_broadcast', 'me_message', 'file_share'];

function kindOf({ subtype, text, user, bot_id: bot }: Fields): MessageKind {
  if (!spoken.includes(subtype) || user === 'USLACKBOT' || (bot !== undefined && user === undefined))
    return 'aside';
  return typeof text === 'string' && text.trim() !== '' ? 'text' : 'cut';
}

/** Slack's control sequences, without the marks: `<@U1>`, `<#C1|general>`, `<!here>`, `<https://a.b|label>`. */
function unescaped(text: string, people: ReadonlyMap<string, string>): string {
  return text
    .replace(/<@([A-Z0-9]{1,20})(?:\|[^>]{0,80})?>/g, (_, id: string) => `@${people.get(id) ?? id}`)
    .replace(/<#[A-Z0-9]{1,20}\|([^>]{0,80})>/g, '#$1')
    .replace(/<!(?:subteam\^[A-Z0-9]{1,20}\|)?@?([^>|]{1,80})(?:\|[^>]{0,80})?>/g, '@$1')
    .replace(/<([^<>|]{1,2000})\|([^<>]{1,500})>/g, '$2')
    .replace(/<((?:https?|mailto|tel):[^<>]{1,2000})>/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}
