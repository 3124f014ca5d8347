// Ratings of one reply that contradict each other: the later one in a file counts. A reply is known by the conversation
// up to it, so a rating also holds where another record goes on from the same reply.

import { createHash } from 'node:crypto';
import type { Dialogue } from './dialogue.js';
import { DialogueStore } from './dialogue-store.js';
import { judgedReply, type Verdict } from './readers/judgement.js';
import type { Tally } from './tally.js';

interface LastWord {
  readonly verdict: Verdict;
  /** Which held dialogue said it. */
  readonly held: number;
}

/**
 * Gives on the dialogues of a file, in their order, as the last rating of each reply leaves them. Nothing is held before
 * the first rating; from there on everything is, until the file ends.
 */
export class Ratings {
  private readonly held = new DialogueStore();
  /** By the conversation up to a reply. */
  private readonly lastWords = new Map<string, LastWord>();
  private readonly verdicts = new Map<number, Verdict>();

  constructor(
    private readonly keep: (dialogue: Dialogue) => void,
    private readonly tally: Tally,
  ) {}

  add(dialogue: Dialogue, verdict: Verdict | undefined): void {
    if (verdict === undefined && this.lastWords.size === 0) {
      this.keep(dialogue);
      return;
    }
    const held = this.held.length;
    this.held.push(dialogue);
    if (verdict === undefined) return;
    this.verdicts.set(held, verdict);
    const key = keysOf(dialogue)[replyOf(dialogue)];
    if (key !== undefined) this.lastWords.set(key, { verdict, held });
  }

  /** No dialogue comes any more. */
  end(): void {
    let held = 0;
    for (const dialogue of this.held) this.giveOn(dialogue, held++);
    this.held.release();
  }

  private giveOn(dialogue: Dialogue, held: number): void {
    const keys = keysOf(dialogue);
    const verdict = this.verdicts.get(held);
    const own = this.lastWords.get(keys[replyOf(dialogue)] ?? '');
    if (verdict !== undefined && own !== undefined && own.held !== held) {
      this.tally.count('rerated');
      if (verdict === 'bad') this.tally.count('bad', -1);
      return;
    }
    const turns = dialogue.turns.map((turn, index) => {
      if (!turn.supervised || this.lastWords.get(keys[index] ?? '')?.verdict !== 'bad') return turn;
      this.tally.count('bad');
      return { ...turn, supervised: false };
    });
    this.keep({ ...dialogue, turns });
  }
}

function replyOf({ turns }: Dialogue): number {
  return judgedReply(turns.map(({ role }) => ({ isSpoken: true, role })));
}

/** For each turn, what stands for the conversation up to it: 16 bytes as text. */
function keysOf({ turns }: Dialogue): string[] {
  let key = '';
  return turns.map(({ text, role = '' }) => {
    const hash = createHash('sha256').update(key).update(`\0${role}\0${text}`);
    key = hash.digest().toString('latin1', 0, 16);
    return key;
  });
}
