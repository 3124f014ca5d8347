// A dialogue of a prepared corpus, as a line of its files: a record of the format messages, with an id and how it came to be.

import { UserError } from '../../errors.js';
import { type Fields, isRecord } from '../../objects.js';
import type { Augmented, Dialogue, Role, Turn } from '../dialogue.js';
import { messageTurn } from '../readers/message.js';
import { RecordError } from '../readers/record.js';
import { Tally } from '../tally.js';
import { augmentedFields, dialogueFields } from '../written-dialogue.js';

export interface PreparedDialogue {
  /** Derived from the source and its text, so preparing the same source again gives the same id. */
  readonly id: string;
  readonly dialogue: Dialogue;
  /** The names of the rules that changed it, in order. */
  readonly changedBy: readonly string[];
  readonly augmented?: Augmented;
}

/** The id of a dialogue before it was cut into parts, which have numbers behind it. */
export function wholeId(id: string): string {
  return id.replace(/(?:-\d+)+$/, '');
}

/** One line of JSON lines, without the line feed. */
export function preparedLine({ id, dialogue, changedBy, augmented }: PreparedDialogue): string {
  return JSON.stringify({
    id,
    ...dialogueFields(dialogue),
    ...(changedBy.length > 0 && { changed_by: changedBy }),
    ...augmentedFields(augmented),
  });
}

/** @param place of the line, for the error. @throws UserError (data) unless `preparedLine` wrote the line. */
export function parsePrepared(line: string, place: string): PreparedDialogue {
  const record = parsed(line);
  const {
    id,
    source,
    messages,
    persona,
    changed_by: changedBy,
    augmented_from: from,
    augmented_by: by,
  } = record;
  if (typeof id !== 'string' || typeof source !== 'string' || !Array.isArray(messages)) throw damaged(place);
  return {
    id,
    dialogue: {
      turns: messages.map((message, index) => turnOf(message, index, place)),
      source,
      ...(areTexts(persona) && { persona }),
    },
    changedBy: areTexts(changedBy) ? changedBy : [],
    ...(typeof from === 'string' && typeof by === 'string' && { augmented: { from, by } }),
  };
}

function parsed(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function turnOf(message: unknown, index: number, place: string): Turn {
  const written = isRecord(message) ? writtenTurn(message) : null;
  if (written) return written;
  try {
    const { text, calls, ...turn } = messageTurn(message, index + 1, new Tally());
    if (text !== null) return { ...turn, text };
  } catch (thrown) {
    if (!(thrown instanceof RecordError)) throw thrown;
  }
  throw damaged(place);
}

/**
 * A turn as `dialogueFields` writes it, which a corpus has millions of. The same as `messageTurn` gives.
 * @returns null for every other message.
 */
function writtenTurn(message: Fields): Turn | null {
  let role: Role | undefined;
  let speaker: string | undefined;
  let text: string | undefined;
  let supervised = true;
  for (const key in message) {
    const value = message[key];
    if (key === 'content' && typeof value === 'string') text = value;
    else if (key === 'role' && isWrittenRole(value)) role = value;
    else if (key === 'name' && typeof value === 'string' && value !== '' && value.trim() === value)
      speaker = value;
    else if (key === 'weight' && value === 0) supervised = false;
    else return null;
  }
  // Only these two kinds of turns have no weight and are still not learned.
  if (text === undefined || role === 'system' || role === 'tool') return null;
  return {
    text,
    supervised,
    ...(role !== undefined && { role }),
    ...(speaker !== undefined && { speaker }),
  };
}

function isWrittenRole(value: unknown): value is Role {
  return value === 'user' || value === 'assistant' || value === 'system' || value === 'tool';
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function damaged(place: string): UserError {
  return new UserError(
    'prepared-corpus-damaged',
    `${place} is not a line of a prepared corpus; prepare it again from its sources`,
  );
}
