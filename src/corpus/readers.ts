// All readers. Within each list, the most particular comes first: of two readers that may read a file, the first does.
// The values of `--format` and the table in docs/data.md derive from these lists.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { nearest } from '../suggest.js';
import type { BinarySource, FolderReader, RecordReader, RecordSource, TextReader } from './reader.js';
import { chatgpt } from './readers/chatgpt.js';
import { chatterbot } from './readers/chatterbot.js';
import { chatterbotSqlite } from './readers/chatterbot-sqlite.js';
import { claude } from './readers/claude.js';
import { convokit, convokitUtterances } from './readers/convokit.js';
import { cornell } from './readers/cornell.js';
import { csv } from './readers/csv.js';
import { dialogptTsv } from './readers/dialogpt-tsv.js';
import { discord } from './readers/discord.js';
import { emBlocks } from './readers/em-blocks.js';
import { imessage } from './readers/imessage.js';
import { intents } from './readers/intents.js';
import { json } from './readers/json.js';
import { labelledLines } from './readers/labelled-lines.js';
import { line } from './readers/line.js';
import { markedTurns } from './readers/marked-turns.js';
import { messages } from './readers/messages.js';
import { messenger } from './readers/messenger.js';
import { nameLines } from './readers/name-lines.js';
import { numberedLines } from './readers/numbered-lines.js';
import { oasst, oasstMessages } from './readers/oasst.js';
import { parlai } from './readers/parlai.js';
import { parquet } from './readers/parquet.js';
import { prepared } from './readers/prepared.js';
import { qaPairs } from './readers/qa-pairs.js';
import { qq } from './readers/qq.js';
import { rasa, rasaStories } from './readers/rasa.js';
import { signal } from './readers/signal.js';
import { slack } from './readers/slack.js';
import { speakerLines } from './readers/speaker-lines.js';
import { tabSeparatedTurns } from './readers/tab-separated-turns.js';
import { messageRows, pairRows, replyRows } from './readers/table-rows.js';
import { telegram } from './readers/telegram.js';
import { intercom, zendesk } from './readers/tickets.js';
import { turns } from './readers/turns.js';
import { wechat, wechatChat } from './readers/wechat.js';
import { whatsapp } from './readers/whatsapp.js';
import { yaml } from './readers/yaml.js';

export const folderReaders: readonly FolderReader[] = [prepared, cornell, slack, convokit, rasa];
export const textReaders: readonly TextReader[] = [
  signal,
  whatsapp,
  line,
  qq,
  imessage,
  parlai,
  numberedLines,
  markedTurns,
  emBlocks,
  speakerLines,
  labelledLines,
  tabSeparatedTurns,
  dialogptTsv,
  nameLines,
];
export const recordSources: readonly RecordSource[] = [json, yaml, csv];
export const binarySources: readonly BinarySource[] = [parquet, chatterbotSqlite];
export const recordReaders: readonly RecordReader[] = [
  wechat,
  wechatChat,
  telegram,
  discord,
  messenger,
  chatgpt,
  claude,
  oasst,
  oasstMessages,
  zendesk,
  intercom,
  rasaStories,
  convokitUtterances,
  chatterbot,
  intents,
  qaPairs,
  turns,
  messages,
  replyRows,
  pairRows,
  messageRows,
];

const formats = [folderReaders, textReaders, recordSources, binarySources, recordReaders].flat();

/** The values of `--format`, without `auto`. */
export const corpusFormats: readonly string[] = formats.map(({ format }) => format);

/** Every format with its description and example, for the documentation. */
export const describedFormats = formats;

/** @throws UserError (usage) unless `format` is `auto` or the name of a reader. */
export function checkFormat(format: string): void {
  if (format === 'auto' || corpusFormats.includes(format)) return;
  const similar = nearest(format, ['auto', ...corpusFormats]);
  throw new UserError(
    'option-invalid',
    `${option('format')} must be auto or one of ${corpusFormats.join(', ')}, not ${JSON.stringify(format)}${similar === undefined ? '' : `; did you mean ${similar}?`}`,
  );
}
