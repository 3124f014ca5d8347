// Reads one message of a transcript: { "role": "user", "content": "..." }, { "from": "human", "value": "..." } as in
// ShareGPT, or with the names that other corpora use. Content is text or a list of parts. Tool calls and tool results are
// never learned.

import { type Fields, isRecord } from '../../objects.js';
import { saysPrivate } from '../private-notes.js';
import type { Tally } from '../tally.js';
import { isWeightedOff, judgementFields, verdictOf } from './judgement.js';
import { inLowerCase, isNothing, kindOf, namesOf, type RawTurn, RecordError, textOf } from './record.js';
import { isCall, speakerOf } from './roles.js';

const callFields = ['tool_calls', 'function_call'] as const;

/** Fields that name the speaker, in order of priority. */
const speakerFields = ['role', 'from', 'speaker', 'sender', 'agent', 'author', 'userid'] as const;
/** Fields that hold the text, in order of priority. */
const textFields = ['content', 'value', 'text', 'utterance', 'message', 'body'] as const;

/** Fields of a message that are read or known to be redundant. All others are reported as unused. */
const readFields: ReadonlySet<string> = new Set([
  ...['name', 'tool_call_id', 'tool_calls', 'function_call', 'role', 'content', 'from', 'value'],
  ...['speaker_id', 'reply_to', 'public', 'private', 'internal'],
  ...judgementFields,
]);

/** @param number position of the message in the record, from 1. @throws RecordError if it cannot be read. */
export function messageTurn(given: unknown, number: number, tally: Tally): RawTurn {
  if (typeof given === 'string') return { text: given, supervised: true };
  if (isSpokenPair(given)) return { text: given[1], supervised: true, speaker: String(given[0]) };
  if (!isRecord(given)) throw wrongMessage(kindOf(given), number);
  const message = inLowerCase(given);
  const [speaker, content] = fieldsOf(message, number);
  const time = timeOf(message);
  for (const field of Object.keys(message)) {
    const isRead = readFields.has(field) || field === speaker || field === content;
    if (!isRead && !(field === 'time' && time !== undefined) && !isNothing(message[field]))
      tally.unused(`message ${field}`);
  }
  const said = contentOf(message[content], content, `the ${content} of message ${number}`);
  const named = speaker === undefined ? {} : speakerOf(message[speaker]);
  const who = said.isToolResult ? { role: 'tool' as const } : withName(named, message);
  const isContext = who.role === 'system' || who.role === 'tool';
  if (speaker !== undefined && isCall(message[speaker]))
    return { text: null, calls: true, supervised: false, ...who };
  const calls = said.calls || callFields.some((field) => !isNothing(message[field]));
  if (calls) tally.count('toolCall');
  return {
    text: said.text,
    supervised: !isContext && !isSwitchedOff(message, tally),
    ...who,
    ...idsOf(message),
    ...(time !== undefined && { time }),
    ...(calls && { calls }),
  };
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** Only a date with a time zone says when a message was written. */
function timeOf({ time }: Fields): number | undefined {
  const parsed = typeof time === 'string' && isoTime.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

function idsOf({ speaker_id: speakerId, reply_to: replyTo }: Fields): Pick<RawTurn, 'speakerId' | 'replyTo'> {
  return {
    ...(isId(speakerId) && { speakerId: String(speakerId) }),
    ...(isId(replyTo) && { replyTo: String(replyTo) }),
  };
}

function isId(value: unknown): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '');
}

/** Whether a message is a note that only the agents of a helpdesk see. */
export function isPrivateNote(message: unknown): boolean {
  return (
    isRecord(message) &&
    Object.entries(message).some(([name, value]) => saysPrivate(name.toLowerCase(), value))
  );
}

/** Whether a record has a speaker and a text. */
export function isMessage(record: Fields): boolean {
  const message = inLowerCase(record);
  const hasText = textFields.some(
    (field) => typeof message[field] === 'string' || Array.isArray(message[field]),
  );
  return hasText && speakerFields.some((field) => Object.hasOwn(message, field));
}

/** Whether a record has a text, and neither a speaker nor an answer. */
export function isUnnamedMessage(message: Fields): boolean {
  const answers = ['response', 'reply', 'answer', 'output', 'target', 'completion'];
  return (
    textFields.some((field) => typeof message[field] === 'string') &&
    !answers.some((field) => Object.hasOwn(message, field))
  );
}

/** A text after the number of its speaker: `[0, "Hi!"]`. */
export function isSpokenPair(value: unknown): value is readonly [number, string] {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'string'
  );
}

function isSwitchedOff(message: Fields, tally: Tally): boolean {
  if (verdictOf(message, tally) === 'bad') {
    tally.count('bad');
    return true;
  }
  if (!isWeightedOff(message, tally)) return false;
  tally.count('weightless');
  return true;
}

/** Adds the name of the speaker, because two people can have the same role. */
function withName(who: ReturnType<typeof speakerOf>, { name }: Fields): ReturnType<typeof speakerOf> {
  const isNamed = typeof name === 'string' && name.trim() !== '' && who.role !== 'tool';
  return isNamed ? { ...who, speaker: name.trim() } : who;
}

/** The fields that hold the speaker and the text. A message that only calls a tool needs no content. */
function fieldsOf(message: Fields, number: number): readonly [speaker: string | undefined, content: string] {
  const speaker = speakerFields.find((field) => Object.hasOwn(message, field));
  const content = textFields.find((field) => Object.hasOwn(message, field));
  if (content !== undefined) return [speaker, content];
  if (speaker === 'role' && Object.keys(message).every((field) => readFields.has(field)))
    return [speaker, 'content'];
  throw wrongMessage(namesOf(Object.keys(message).slice(0, 6)) || 'no fields', number);
}

function wrongMessage(found: string, number: number): RecordError {
  return new RecordError(
    'shape',
    'a message has no role and content',
    `expected role and content, or from and value, in message ${number}, found ${found}`,
  );
}

interface Content {
  readonly text: string | null;
  readonly calls: boolean;
  readonly isToolResult: boolean;
}

function contentOf(value: unknown, field: string, what: string): Content {
  if (!Array.isArray(value)) return { text: textOf(value, field, what), calls: false, isToolResult: false };
  const texts: string[] = [];
  let [calls, isToolResult] = [false, false];
  for (const part of value) {
    const type = isRecord(part) ? part.type : undefined;
    if (typeof part === 'string') texts.push(part);
    else if (type === 'tool_use') calls = true;
    else if (type === 'tool_result' && isRecord(part)) {
      isToolResult = true;
      const inner = contentOf(part.content, field, what);
      if (inner.text !== null) texts.push(inner.text);
    } else if (isRecord(part) && typeof part.text === 'string') texts.push(part.text);
    else throw new RecordError('content', `a message has ${partKind(type)}`);
  }
  return { text: texts.length === 0 ? null : texts.join('\n'), calls, isToolResult };
}

/** Uses fixed words, so that the number of distinct reasons stays small. */
function partKind(type: unknown): string {
  const name = typeof type === 'string' ? type.toLowerCase() : '';
  if (name.includes('image')) return 'an image';
  if (name.includes('audio')) return 'audio';
  if (name.includes('video')) return 'a video';
  if (name.includes('file') || name.includes('document')) return 'a file';
  return 'a part that is not text';
}
