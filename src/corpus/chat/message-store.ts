// Stores the messages of chats compactly: an export can have millions, and its messages are in order only once all of them
// are known. A message takes about 50 bytes beside its text. What many messages have in common is stored once.

import type { Role } from '../dialogue.js';
import { GrowingIntegers, GrowingNumbers } from '../growing-numbers.js';
import { StoredTexts } from '../stored-texts.js';
import type { ChatMessage, MessageKind } from './message.js';

/** What many messages have in common. */
interface Sender {
  readonly chat: number;
  readonly speaker: number;
  readonly kind: MessageKind;
  readonly role: Role | undefined;
  readonly file: string;
}

/** A message in the order of `ChatMessages.ordered`. Numbers of chats, speakers and threads count from 0. */
export interface StoredMessage extends Sender {
  readonly text: string;
  readonly time: number | null;
  readonly line: number;
  readonly replyTo: string | undefined;
}

const none = 0xffff_ffff;

export class ChatMessages {
  private readonly texts = new StoredTexts();
  private readonly ids = new StoredTexts();
  private readonly times = new GrowingNumbers();
  private readonly lines = new GrowingIntegers();
  private readonly senderOf = new GrowingIntegers();
  private readonly replyOf = new GrowingIntegers();
  private readonly threadOf = new GrowingIntegers();
  private readonly chats = new Numbered();
  private readonly senders = new Numbered();
  private readonly senderValues: Sender[] = [];
  private readonly replies = new Numbered();
  private readonly threads = new Numbered();
  private readonly speakers = new Speakers();

  get length(): number {
    return this.lines.length;
  }

  push(message: ChatMessage): void {
    const { text, time, line, id, replyTo, thread } = message;
    this.texts.push(text);
    this.times.push(time ?? Number.NaN);
    this.lines.push(line);
    const sender = this.senderNumber(message);
    const { chat } = this.senderValues[sender] ?? { chat: 0 };
    this.senderOf.push(sender);
    this.ids.push(id ?? '');
    this.replyOf.push(replyTo === undefined ? none : this.replies.of(within(chat, replyTo)));
    this.threadOf.push(thread === undefined ? none : this.threads.of(within(chat, thread)));
  }

  private senderNumber({ chat, speaker, speakerId, kind, role, file }: ChatMessage): number {
    const sender = { chat: this.chats.of(chat), speaker: this.speakers.of(speaker, speakerId), kind };
    const number = this.senders.of(JSON.stringify([sender, role, file]));
    this.senderValues[number] ??= { ...sender, role, file };
    return number;
  }

  at(index: number): StoredMessage {
    const time = this.times.at(index);
    const reply = this.replyOf.at(index);
    return {
      ...this.sender(index),
      text: this.texts.at(index),
      time: Number.isNaN(time) ? null : time,
      line: this.lines.at(index),
      replyTo: reply === none ? undefined : withoutChat(this.replies.value(reply)),
    };
  }

  sender(index: number): Sender {
    const sender = this.senderValues[this.senderOf.at(index)];
    if (!sender) throw new RangeError(`there is no message ${index}`);
    return sender;
  }

  isBlank(index: number): boolean {
    return this.texts.at(index).trim() === '';
  }

  time(index: number): number {
    return this.times.at(index);
  }

  /** The number of the message's thread within all chats. Undefined if it is in none. */
  thread(index: number): number | undefined {
    const thread = this.threadOf.at(index);
    return thread === none ? undefined : thread;
  }

  /** The name under which a speaker was seen last, and the id if there is one. */
  speaker(number: number): { readonly name: string; readonly id?: string } {
    return this.speakers.value(number);
  }

  /**
   * All messages, chat by chat in order of appearance, each chat by time. Messages of equal time keep their order. A
   * message without a time takes the place after the message that was read before it, but comes after what it answers.
   */
  ordered(): Uint32Array {
    const order = Uint32Array.from({ length: this.length }, (_, index) => index);
    const times = this.filledTimes();
    const depths = this.depths();
    const compare = (one: number, other: number) =>
      this.sender(one).chat - this.sender(other).chat ||
      (times[one] ?? 0) - (times[other] ?? 0) ||
      (depths[one] ?? 0) - (depths[other] ?? 0) ||
      one - other;
    return order.every((index) => index === 0 || compare(index - 1, index) < 0) ? order : order.sort(compare);
  }

  private filledTimes(): Float64Array {
    const times = new Float64Array(this.length);
    const last = new Map<number, number>();
    for (let index = 0; index < times.length; index++) {
      const { chat } = this.sender(index);
      const time = Number.isNaN(this.times.at(index)) ? (last.get(chat) ?? 0) : this.times.at(index);
      times[index] = time;
      last.set(chat, time);
    }
    return times;
  }

  /** For each message without a time, how many messages without a time it answers in a chain. A cycle counts as its end. */
  private depths(): Uint32Array {
    const depths = new Uint32Array(this.length);
    if (this.replies.length === 0) return depths;
    const answered = this.answered();
    const isKnown = new Uint8Array(this.length);
    for (let index = 0; index < depths.length; index++) {
      const chain: number[] = [];
      for (
        let at = index;
        at >= 0 && isKnown[at] === 0 && Number.isNaN(this.times.at(at));
        at = answered[at] ?? noReply
      ) {
        isKnown[at] = 1;
        chain.push(at);
      }
      for (const at of chain.reverse()) {
        const target = answered[at] ?? noReply;
        const isTimeless = target >= 0 && Number.isNaN(this.times.at(target));
        depths[at] = isTimeless ? (depths[target] ?? 0) + 1 : 0;
      }
    }
    return depths;
  }

  /**
   * For each message, the index of the message that it answers. `noReply` if it answers none, and `lostReply` if that
   * message is not here.
   */
  answered(): Int32Array {
    const targets = new Map<number, number>();
    if (this.replies.length > 0)
      for (let index = 0; index < this.length; index++) {
        const id = this.ids.at(index);
        const wanted = id === '' ? undefined : this.replies.known(within(this.sender(index).chat, id));
        if (wanted !== undefined && !targets.has(wanted)) targets.set(wanted, index);
      }
    return Int32Array.from({ length: this.length }, (_, index) => {
      const reply = this.replyOf.at(index);
      return reply === none ? noReply : (targets.get(reply) ?? lostReply);
    });
  }
}

export const noReply = -1;
export const lostReply = -2;

/** An id that is unique within all chats. */
function within(chat: number, id: string): string {
  return `${chat} ${id}`;
}

function withoutChat(id: string): string {
  return id.slice(id.indexOf(' ') + 1);
}

/** Gives each distinct text a number, from 0. */
class Numbered {
  private readonly numbers = new Map<string, number>();
  private readonly values: string[] = [];

  get length(): number {
    return this.values.length;
  }

  of(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.values.length);
    return this.values.push(text) - 1;
  }

  known(text: string): number | undefined {
    return this.numbers.get(text);
  }

  value(number: number): string {
    return this.values[number] ?? '';
  }
}

/**
 * Numbers the speakers. Whoever has an id is known by it; the name may change. A message without an id belongs to the
 * speaker of that name.
 */
class Speakers {
  private readonly byId = new Map<string, number>();
  private readonly byName = new Map<string, number>();
  private readonly values: { name: string; id?: string }[] = [];

  of(name: string, id: string | undefined): number {
    const number = this.known(name, id) ?? this.values.push({ name }) - 1;
    const value = this.values[number];
    if (value && name !== '') value.name = name;
    if (value && id !== undefined) {
      value.id = id;
      this.byId.set(id, number);
    }
    if (!this.byName.has(name)) this.byName.set(name, number);
    return number;
  }

  /** Whoever wrote under this name without an id is taken for the first who has one. */
  private known(name: string, id: string | undefined): number | undefined {
    const named = this.byName.get(name);
    if (id === undefined) return named;
    return (
      this.byId.get(id) ?? (named !== undefined && this.values[named]?.id === undefined ? named : undefined)
    );
  }

  value(number: number): { readonly name: string; readonly id?: string } {
    return this.values[number] ?? { name: '' };
  }
}
