// Reads chat transcripts: { "messages": [...] } or a list under another of the names that corpora use, optionally with a
// "system" field. In a preference pair, the conversation so far is context, and only the "chosen" answer is learned.

import { type Fields, isRecord } from '../../objects.js';
import type { Dialogue } from '../dialogue.js';
import type { SingleRecordReader } from '../reader.js';
import type { Tally } from '../tally.js';
import { isMessage, isPrivateNote, isSpokenPair, isUnnamedMessage, messageTurn } from './message.js';
import { has, inLowerCase, listOf, type RawTurn, RecordError } from './record.js';
import { systemFields, systemTurns } from './system.js';

const lists = [
  ...['messages', 'conversations', 'conversation', 'dialog', 'dialogue', 'dialogs', 'turns', 'utterances'],
  ...['content', 'log', 'data', 'thread'],
];
/** These names can mean any list. */
const unclear: ReadonlySet<string> = new Set(['content', 'data']);
/** What converted and prepared records say about where they come from. */
const origin = ['id', 'source', 'changed_by', 'augmented_from', 'augmented_by'];
const preparedId = /^[0-9a-f]{16}(?:-\d+)*$/;
const allFields: ReadonlySet<string> = new Set([
  ...[...lists, ...systemFields, 'chosen', 'rejected', 'persona', ...origin],
]);
const fieldsWithPrompt: ReadonlySet<string> = new Set([...allFields, 'prompt', 'completion']);

export const messages: SingleRecordReader = {
  format: 'messages',
  about: 'chat transcripts of OpenAI, ShareGPT and others',
  example: {
    'chats.jsonl':
      '{"messages": [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello!"}]}\n',
  },
  expects: 'messages',
  fields: (record) => (isPromptPair(record) ? fieldsWithPrompt : allFields),
  matches: (record) => listField(record) !== undefined || isPromptPair(record),
  read(record, { source, tally }) {
    const said = saidBefore(record, tally);
    refuseMedia(record, said);
    const answer = has(record, 'chosen')
      ? record.chosen
      : isPromptPair(record)
        ? record.completion
        : undefined;
    if (has(record, 'chosen')) tally.count('preference');
    const turns = answer === undefined ? systemAsAssistant(said) : withAnswer(said, answer, tally);
    return [
      {
        source,
        turns: [...systemTurns(record), ...turns],
        ...personaOf(record, tally),
        ...preparedOf(record),
      },
    ];
  },
};

function personaOf({ persona }: Fields, tally: Tally): { readonly persona?: readonly string[] } {
  if (Array.isArray(persona) && persona.every((line) => typeof line === 'string')) {
    tally.count('persona', persona.length);
    return persona.length === 0 ? {} : { persona };
  }
  if (has({ persona }, 'persona')) tally.unused('persona');
  return {};
}

/** Only a prepared record has both an id of this form and a source; ids of other corpora mean nothing here. */
function preparedOf({
  id,
  source,
  augmented_from: from,
  augmented_by: by,
}: Fields): Pick<Dialogue, 'prepared'> {
  if (typeof id !== 'string' || typeof source !== 'string' || !preparedId.test(id)) return {};
  const augmented = typeof from === 'string' && typeof by === 'string' ? { from, by } : undefined;
  return { prepared: { id, ...(augmented && { augmented }) } };
}

function listField(record: Fields): string | undefined {
  return lists.find((field) => Object.hasOwn(record, field) && isTranscript(field, record[field]));
}

/**
 * `messages` and `conversations` mean a transcript whatever they hold, so that a wrong value is an error. Only a list of
 * conversations under that name is none.
 */
function isTranscript(field: string, value: unknown): boolean {
  if (field === 'messages') return true;
  const first = Array.isArray(value) && isRecord(value[0]) ? inLowerCase(value[0]) : undefined;
  if (field === 'conversations') return !(first && holdsConversation(first));
  if (!Array.isArray(value) || value.length === 0) return false;
  if (value.every((one) => typeof one === 'string') || value.every(isSpokenPair)) return true;
  if (!first) return false;
  // In a list that can only be a conversation, messages need not say who speaks.
  return isMessage(first) || (!unclear.has(field) && isUnnamedMessage(first));
}

function holdsConversation(record: Fields): boolean {
  const names = [...lists, 'chat_messages'].filter((name) => name !== 'content');
  return isRecord(record.mapping) || names.some((name) => Array.isArray(record[name]));
}

/**
 * Task-oriented corpora (SGD, MultiWOZ) call the assistant the system. A system that speaks after others, in a transcript
 * without an assistant, is one.
 */
function systemAsAssistant(turns: readonly RawTurn[]): readonly RawTurn[] {
  const spoke = turns.findIndex(({ role }) => role !== 'system');
  const later = spoke >= 0 && turns.slice(spoke).some(({ role }) => role === 'system');
  if (!later || turns.some(({ role }) => role === 'assistant')) return turns;
  return turns.map((turn) =>
    turn.role === 'system' ? { ...turn, role: 'assistant', supervised: true } : turn,
  );
}

/** Whether this is a preference pair with a prompt instead of a list of messages. The prompt can be text or messages. */
function isPromptPair(record: Fields): boolean {
  const { chosen = record.completion } = record;
  return (
    listField(record) === undefined && (isRecord(chosen) || (Array.isArray(chosen) && chosen.every(isRecord)))
  );
}

function saidBefore(record: Fields, tally: Tally): readonly RawTurn[] {
  const field = listField(record) ?? 'prompt';
  const value = record[field];
  if (field === 'prompt' && (value ?? '') === '') return [];
  if (field === 'prompt' && typeof value === 'string')
    return [{ text: value, supervised: true, role: 'user' }];
  const list = listOf(value, field);
  const said = list.flatMap((message, index) =>
    isPrivateNote(message) ? [] : messageTurn(message, index + 1, tally),
  );
  tally.count('privateNote', list.length - said.length);
  return said;
}

/** @param chosen text, one message, or several: either those of the answer, or those of the whole conversation. */
function withAnswer(said: readonly RawTurn[], chosen: unknown, tally: Tally): readonly RawTurn[] {
  const answer: readonly RawTurn[] =
    typeof chosen === 'string'
      ? [{ text: chosen, supervised: true, role: 'assistant' }]
      : (Array.isArray(chosen) ? chosen : [chosen]).map((message, index) =>
          messageTurn(message, index + 1, tally),
        );
  const opening = answer.find(({ role }) => role !== 'system');
  const isWhole = opening?.role !== 'assistant' && answer.length > said.length;
  const turns = isWhole ? answer : [...said, ...answer];
  const learned = turns.findLastIndex(({ role }) => role !== 'system');
  return turns.map((turn, index) => (index === learned ? turn : { ...turn, supervised: false }));
}

/** Refuses a record whose text refers to an attached image, video or audio, because the text is incomplete without it. */
function refuseMedia(record: Fields, turns: readonly RawTurn[]): void {
  for (const [field, kind] of [
    ['image', 'an image'],
    ['video', 'a video'],
    ['audio', 'audio'],
  ] as const)
    if (
      (has(record, field) || has(record, `${field}s`)) &&
      turns.some(({ text }) => text?.includes(`<${field}>`) === true)
    )
      throw new RecordError('content', `a message has ${kind}`);
}
