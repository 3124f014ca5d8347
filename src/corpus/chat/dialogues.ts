// Cuts chats into dialogues. Messages are put in order of time; a pause begins a new dialogue. A message that answers
// another one joins the dialogue of that message, whenever it was written. A thread is a dialogue of its own. A picture or
// other content that is left out ends the dialogue, and whoever speaks next may have answered it, so that turn is context
// only. Knows nothing of messengers. One speaker's messages in a row become one turn in conversation-parts.ts.

import type { RawDialogue, RawTurn } from '../readers/record.js';
import type { ChatMessage } from './message.js';
import { ChatMessages, lostReply, noReply } from './message-store.js';
import { type Pause, Pauses } from './pauses.js';
import { type SpeakerCount, SpeakerCounts } from './speakers.js';

export interface CutChats {
  /** Null if no message has a time. */
  readonly pause: Pause | null;
  /** Messages that answer one that is not in the chat or has no text. They are context only. */
  readonly lostReplies: number;
  dialogues(): Generator<RawDialogue>;
}

/** With more speakers, neighbouring messages often belong to different talks. */
const speakersOfPair = 2;
/** The longest chain of answers that becomes the context of a reply in a group. */
const longestChain = 20;

/** Collects the messages of all chats, because those of one chat can be in several files. */
export class Chats {
  private readonly stored = new ChatMessages();

  /** The number of messages that count: with text, or with content that somebody may answer. */
  get length(): number {
    return this.stored.length;
  }

  /** @param message of any chat; those of one chat from the oldest to the newest wherever times are equal. */
  add(message: ChatMessage): void {
    if (message.kind !== 'aside') this.stored.push(message);
  }

  /** Who wrote, and how many messages with text. Whoever has a role in the file is not among them. */
  speakers(): SpeakerCount[] {
    const turns = new Map<number, number>();
    for (let index = 0; index < this.stored.length; index++) {
      const { speaker, kind, role } = this.stored.sender(index);
      if (kind === 'text' && role === undefined) turns.set(speaker, (turns.get(speaker) ?? 0) + 1);
    }
    const counts = new SpeakerCounts();
    for (const [speaker, count] of turns) {
      const { name, id } = this.stored.speaker(speaker);
      if (name !== '') counts.add({ speaker: name, ...(id !== undefined && { speakerId: id }) }, count);
    }
    return counts.list();
  }

  /** @param wanted the pause that begins a new dialogue, in milliseconds; `auto` finds it in the messages. */
  cut(wanted: number | 'auto'): CutChats {
    const order = this.stored.ordered();
    const pauses = pausesBetween(this.stored, order);
    const pause = pauses.choose(wanted);
    const cutter = new Cutter(this.stored, pause.milliseconds);
    cutter.cut(order, groupsIn(this.stored));
    return {
      pause: pauses.count > 0 ? pause : null,
      lostReplies: cutter.lostReplies,
      dialogues: () => cutter.dialogues(),
    };
  }
}

function pausesBetween(stored: ChatMessages, order: Uint32Array): Pauses {
  const pauses = new Pauses();
  let [chat, before] = [-1, Number.NaN];
  for (const index of order) {
    if (stored.thread(index) !== undefined) continue;
    const sender = stored.sender(index);
    const time = stored.time(index);
    if (sender.chat === chat && time >= before) pauses.add(time - before);
    if (!Number.isNaN(time) || sender.chat !== chat) before = time;
    chat = sender.chat;
  }
  return pauses;
}

/** The chats with more than two speakers. */
function groupsIn(stored: ChatMessages): ReadonlySet<number> {
  const speakers = new Map<number, Set<number>>();
  for (let index = 0; index < stored.length; index++) {
    const { chat, speaker } = stored.sender(index);
    const known = speakers.get(chat);
    if (known) known.add(speaker);
    else speakers.set(chat, new Set([speaker]));
  }
  return new Set([...speakers].filter(([, { size }]) => size > speakersOfPair).map(([chat]) => chat));
}

/** What the next message of a chat or a thread continues. */
interface Flow {
  /** The dialogue, or undefined if a new one begins. */
  dialogue: number | undefined;
  /** NaN before the first message that has a time. */
  time: number;
  /** Content was left out directly before, and the next message may answer it. */
  isCut: boolean;
}

interface Cut {
  /** Who spoke last in the dialogue, and since which message without interruption. */
  lastSpeaker: number;
  lastTurn: number;
  /** What the first turn answers is not there. */
  readonly beginsLate: boolean;
  /** Messages that the first turn answers, if they are part of another dialogue. */
  readonly context: readonly number[];
}

/** Gives each message a dialogue. Ranks are places in the order of time. */
class Cutter {
  lostReplies = 0;
  private readonly cuts: Cut[] = [];
  private readonly answered: Int32Array;
  private readonly rankOf: Uint32Array;
  private readonly dialogueOf: Int32Array;
  private readonly threads = new Map<number, Flow>();
  private order: Uint32Array = new Uint32Array();

  constructor(
    private readonly stored: ChatMessages,
    private readonly pause: number,
  ) {
    this.answered = stored.answered();
    this.rankOf = new Uint32Array(stored.length);
    this.dialogueOf = new Int32Array(stored.length).fill(-1);
  }

  cut(order: Uint32Array, groups: ReadonlySet<number>): void {
    this.order = order;
    let chat = -1;
    let flow = newFlow();
    for (const [rank, index] of order.entries()) {
      this.rankOf[index] = rank;
      const sender = this.stored.sender(index);
      if (sender.chat !== chat) flow = newFlow();
      chat = sender.chat;
      const thread = this.stored.thread(index);
      if (thread === undefined) this.endAtPause(flow, this.stored.time(index));
      const its = thread === undefined ? flow : this.threadFlow(thread);
      if (sender.kind === 'cut') Object.assign(its, { dialogue: undefined, isCut: true });
      else if (!this.stored.isBlank(index)) this.place(index, its, groups.has(chat));
    }
  }

  private endAtPause(flow: Flow, time: number): void {
    if (time - flow.time > this.pause) Object.assign(flow, { dialogue: undefined, isCut: false });
    if (!Number.isNaN(time)) flow.time = time;
  }

  private threadFlow(thread: number): Flow {
    const known = this.threads.get(thread) ?? newFlow();
    this.threads.set(thread, known);
    return known;
  }

  private place(index: number, flow: Flow, isGroup: boolean): void {
    const target = this.targetOf(index);
    const dialogue =
      target === undefined ? (flow.dialogue ?? this.begin(flow.isCut)) : this.joined(target, flow, isGroup);
    const cut = this.cuts[dialogue];
    if (!cut) return;
    const { speaker } = this.stored.sender(index);
    if (cut.lastSpeaker !== speaker)
      Object.assign(cut, { lastSpeaker: speaker, lastTurn: this.rankOf[index] });
    this.dialogueOf[index] = dialogue;
    Object.assign(flow, { dialogue, isCut: false });
  }

  private begin(beginsLate: boolean, context: readonly number[] = []): number {
    return this.cuts.push({ lastSpeaker: -1, lastTurn: 0, beginsLate, context }) - 1;
  }

  /** The message that this one answers, or null if it is not there. Undefined if the message answers nothing by name. */
  private targetOf(index: number): number | null | undefined {
    const target = this.answered[index] ?? noReply;
    if (target === noReply) return undefined;
    // A message of the same thread is in the same dialogue anyway.
    const thread = this.stored.thread(index);
    if (thread !== undefined && (target === lostReply || this.stored.thread(target) === thread))
      return undefined;
    if (target === lostReply || (this.dialogueOf[target] ?? -1) < 0) return null;
    return target;
  }

  /** The dialogue of a reply. */
  private joined(target: number | null, flow: Flow, isGroup: boolean): number {
    if (target === null) {
      this.lostReplies++;
      return this.begin(true);
    }
    const dialogue = this.dialogueOf[target] ?? 0;
    if (!isGroup && dialogue === flow.dialogue) return dialogue;
    const isLast = (this.rankOf[target] ?? 0) >= (this.cuts[dialogue]?.lastTurn ?? 0);
    return isLast ? dialogue : this.begin(false, this.chain(target));
  }

  /** A message and what it answers, and what that answers, from the oldest. */
  private chain(target: number): number[] {
    const chain: number[] = [];
    for (
      let next: number | null | undefined = target;
      typeof next === 'number' && chain.length < longestChain && !chain.includes(next);
      next = this.targetOf(next)
    )
      chain.unshift(next);
    return chain;
  }

  /** In the order in which they begin. */
  *dialogues(): Generator<RawDialogue> {
    const { starts, indices } = this.grouped();
    for (const [dialogue, cut] of this.cuts.entries()) {
      const own = indices.subarray(starts[dialogue], starts[dialogue + 1]);
      const [first] = own;
      if (first === undefined) continue;
      const { file, line, speaker } = this.stored.at(first);
      const context = cut.context.map((index) => ({ ...this.turn(index), supervised: false }));
      const turns = [...context];
      let isOpening = cut.beginsLate;
      for (const index of own) {
        isOpening &&= this.stored.sender(index).speaker === speaker;
        turns.push({ ...this.turn(index), supervised: !isOpening });
      }
      yield { turns, source: `${file}:${line}` };
    }
  }

  /** The messages of each dialogue, by a counting sort. */
  private grouped(): { readonly starts: Uint32Array; readonly indices: Uint32Array } {
    const starts = new Uint32Array(this.cuts.length + 1);
    for (const dialogue of this.dialogueOf)
      if (dialogue >= 0) starts[dialogue + 1] = (starts[dialogue + 1] ?? 0) + 1;
    for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
    const next = starts.slice();
    const indices = new Uint32Array(starts.at(-1) ?? 0);
    for (const index of this.order) {
      const dialogue = this.dialogueOf[index] ?? -1;
      if (dialogue < 0) continue;
      const place = next[dialogue] ?? 0;
      indices[place] = index;
      next[dialogue] = place + 1;
    }
    return { starts, indices };
  }

  private turn(index: number): RawTurn {
    const { text, time, speaker, role, replyTo } = this.stored.at(index);
    const { name, id } = this.stored.speaker(speaker);
    return {
      text,
      supervised: true,
      ...(role && { role }),
      ...(name !== '' && { speaker: name }),
      ...(id !== undefined && { speakerId: id }),
      ...(time !== null && { time }),
      ...(replyTo !== undefined && { replyTo }),
    };
  }
}

function newFlow(): Flow {
  return { dialogue: undefined, time: Number.NaN, isCut: false };
}
