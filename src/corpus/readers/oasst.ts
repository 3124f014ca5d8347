// Reads OpenAssistant's conversations: as trees, { "message_tree_id", "prompt": { "text", "role", "replies": [...] } }, and as
// rows with a message each, { "message_id", "parent_id", "role", "text", "rank" }, which are put back into trees when the file
// ends. Of several replies the one with the lowest rank is read, or the first without ranks, unless all are asked for.

import { type Fields, isRecord } from '../../objects.js';
import { GrowingIntegers, GrowingNumbers } from '../growing-numbers.js';
import type {
  Gathering,
  GatheringReader,
  ReaderOptions,
  RecordPlace,
  SingleRecordReader,
} from '../reader.js';
import { StoredTexts } from '../stored-texts.js';
import type { Tally } from '../tally.js';
import { timeOf } from './chat-time.js';
import { type MessagePath, messagePaths } from './message-paths.js';
import { neededText, type RawDialogue, type RawTurn, RecordError, textOf } from './record.js';

const fields: ReadonlySet<string> = new Set(['message_tree_id', 'tree_state', 'prompt']);

/** Above this probability, a message is spam. */
const spam = 0.5;

export const oasst: SingleRecordReader = {
  format: 'oasst',
  about: 'message trees of OpenAssistant; the best reply at each step',
  example: {
    'trees.jsonl':
      '{"message_tree_id": "1", "prompt": {"text": "Hi!", "role": "prompter", "replies": [{"text": "Hello!", "role": "assistant", "rank": 0, "replies": []}]}}\n',
  },
  expects: 'message_tree_id and prompt',
  fields: () => fields,
  matches: ({ message_tree_id: id, prompt }) =>
    id !== undefined && isRecord(prompt) && Array.isArray(prompt.replies),
  *read({ prompt }, { source, tally, options: { branches } }) {
    if (!isRecord(prompt) || !isUsable(prompt)) return;
    const repliesOf = ({ replies }: Fields) => {
      const usable = (Array.isArray(replies) ? replies : []).filter(isRecord).filter(isUsable);
      if (branches === 'best' && usable.length > 1) tally.count('otherReply', usable.length - 1);
      return usable.toSorted((one, other) => order(rankOf(one), rankOf(other)));
    };
    for (const path of messagePaths(prompt, repliesOf, branches))
      yield { turns: turnsOf(path, turnOf), source };
  },
};

function isUsable({ deleted, review_result: review, labels }: Fields): boolean {
  return deleted !== true && review !== false && !(spamProbability(labels) > spam);
}

/** Labels are an object by name, or lists of names and values. NaN if nobody looked for spam. */
function spamProbability(labels: unknown): number {
  if (!isRecord(labels)) return Number.NaN;
  const { spam: label, name: names, value: values } = labels;
  const given =
    Array.isArray(names) && Array.isArray(values)
      ? values[names.indexOf('spam')]
      : isRecord(label)
        ? label.value
        : undefined;
  return typeof given === 'number' ? given : Number.NaN;
}

/** 0 is the best. Infinity if nobody ranked the reply. */
function rankOf({ rank }: Fields): number {
  return typeof rank === 'number' ? rank : Number.POSITIVE_INFINITY;
}

/** Infinity minus infinity is no order. */
function order(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

function turnOf({ text, role }: Fields): RawTurn {
  return { text: textOf(text, 'the text of a message'), supervised: true, role: roleOf(role) };
}

function roleOf(role: unknown): 'assistant' | 'user' {
  return role === 'assistant' ? 'assistant' : 'user';
}

function turnsOf<Message>(
  { messages, repeated }: MessagePath<Message>,
  turn: (message: Message) => RawTurn,
): RawTurn[] {
  return messages.map((message, index) =>
    index < repeated ? { ...turn(message), supervised: false } : turn(message),
  );
}

const rowFields: ReadonlySet<string> = new Set([
  ...['message_id', 'parent_id', 'message_tree_id', 'tree_state', 'role', 'text', 'rank', 'created_date'],
  ...['deleted', 'review_result', 'labels'],
]);

export const oasstMessages: GatheringReader = {
  format: 'oasst-messages',
  about: 'messages of OpenAssistant as rows, which are put back into trees; the best reply at each step',
  example: {
    'messages.jsonl':
      '{"message_id": "1", "parent_id": null, "message_tree_id": "1", "role": "prompter", "text": "Hi!", "rank": null}\n{"message_id": "2", "parent_id": "1", "message_tree_id": "1", "role": "assistant", "text": "Hi.", "rank": 1}\n{"message_id": "3", "parent_id": "1", "message_tree_id": "1", "role": "assistant", "text": "Hello!", "rank": 0}\n',
  },
  expects: 'message_id, parent_id, role and text',
  fields: () => rowFields,
  matches: (record) =>
    ['message_id', 'role', 'text'].every((field) => Object.hasOwn(record, field)) &&
    (Object.hasOwn(record, 'parent_id') || Object.hasOwn(record, 'message_tree_id')),
  gather: () => new MessageRows(),
};

/** The messages of a file, outside of the JavaScript heap except for their ids. */
class MessageRows implements Gathering {
  private readonly numbers = new Map<string, number>();
  private readonly texts = new StoredTexts();
  private readonly parents = new StoredTexts();
  private readonly lines = new GrowingIntegers();
  private readonly ranks = new GrowingNumbers();
  private readonly times = new GrowingNumbers();
  /** 1 for the assistant. */
  private readonly roles = new GrowingIntegers();
  private readonly usable = new GrowingIntegers();
  private place:
    | { readonly path: string; readonly tally: Tally; readonly options: ReaderOptions }
    | undefined;

  add(record: Fields, { path, line, tally, options }: RecordPlace): void {
    this.place ??= { path, tally, options };
    const id = textOf(record.message_id, 'message_id');
    if (id === null || this.numbers.has(id))
      throw new RecordError('content', id === null ? 'message_id is null' : 'message_id is not the only one');
    const text = neededText(record, 'text');
    const parent = textOf(record.parent_id, 'parent_id') ?? '';
    this.numbers.set(id, this.texts.length);
    this.texts.push(text);
    this.parents.push(parent);
    this.lines.push(line);
    this.ranks.push(rankOf(record));
    this.times.push(timeOf(record.created_date) ?? Number.NaN);
    this.roles.push(roleOf(record.role) === 'assistant' ? 1 : 0);
    this.usable.push(isUsable(record) ? 1 : 0);
  }

  *dialogues(): Generator<RawDialogue> {
    if (!this.place) return;
    const { path, tally, options } = this.place;
    const { roots, replies } = this.trees(tally);
    const repliesOf = (message: number) => {
      const all = replies.get(message) ?? [];
      if (options.branches === 'best' && all.length > 1) tally.count('otherReply', all.length - 1);
      return all.toSorted((one, other) => order(this.ranks.at(one), this.ranks.at(other)));
    };
    for (const root of roots)
      for (const found of messagePaths(root, repliesOf, options.branches))
        yield {
          turns: turnsOf(found, (message) => this.turn(message)),
          source: `${path}:${this.lines.at(root)}`,
        };
  }

  /** Messages that are not usable are in no tree. */
  private trees(tally: Tally): { readonly roots: number[]; readonly replies: Map<number, number[]> } {
    const roots: number[] = [];
    const replies = new Map<number, number[]>();
    for (let message = 0; message < this.texts.length; message++) {
      const parent = this.parents.at(message);
      const number = this.numbers.get(parent);
      if (parent !== '' && number === undefined)
        tally.skip('the message that it answers is not in the file', this.lines.at(message));
      else if (this.usable.at(message) === 0)
        tally.skip('a message that is deleted or was rejected', this.lines.at(message));
      else if (number === undefined) roots.push(message);
      else {
        const others = replies.get(number);
        if (others) others.push(message);
        else replies.set(number, [message]);
      }
    }
    this.countUnreached(roots, replies, tally);
    return { roots, replies };
  }

  private countUnreached(
    roots: readonly number[],
    replies: ReadonlyMap<number, readonly number[]>,
    tally: Tally,
  ): void {
    const reached = new Uint8Array(this.texts.length);
    const open = [...roots];
    for (let message = open.pop(); message !== undefined; message = open.pop()) {
      reached[message] = 1;
      for (const reply of replies.get(message) ?? []) open.push(reply);
    }
    for (const reply of [...replies.values()].flat())
      if (reached[reply] === 0)
        tally.skip('below a message that is left out, or in a circle', this.lines.at(reply));
  }

  private turn(message: number): RawTurn {
    const time = this.times.at(message);
    return {
      text: this.texts.at(message),
      supervised: true,
      role: this.roles.at(message) === 1 ? 'assistant' : 'user',
      ...(!Number.isNaN(time) && { time }),
    };
  }
}
