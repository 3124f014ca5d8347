// Resolves contradicting ratings of one reply: the last rating in a file wins. The conversation up to and including a
// reply identifies it, so a rating also applies to other records that repeat the reply or continue from it.

import { createHash } from 'node:crypto';
import type { Dialogue } from './dialogue.js';
import { DialogueStore } from './dialogue-store.js';
import { judgedReply, type Verdict } from './readers/judgement.js';
import type { Tally } from './tally.js';

interface LastRating {
  readonly verdict: Verdict;
  /** Index of the held dialogue that carries the rating. */
  readonly held: number;
}

/**
 * Passes the dialogues of a file on to `keep`, in order, after applying the last rating of each reply. Dialogues before
 * the first rating are passed on at once. All later ones are held until the file ends.
 */
export class Ratings {
  private readonly held = new DialogueStore('whole');
  /** The key is the hash of the conversation up to the reply. */
  private readonly lastRatings = new Map<string, LastRating>();
  private readonly verdicts = new Map<number, Verdict>();

  constructor(
    private readonly keep: (dialogue: Dialogue) => void,
    private readonly tally: Tally,
  ) {}

  add(dialogue: Dialogue, verdict: Verdict | undefined): void {
    if (verdict === undefined && this.lastRatings.size === 0) {
      this.keep(dialogue);
      return;
    }
    const held = this.held.length;
    this.held.push(dialogue);
    if (verdict === undefined) return;
    this.verdicts.set(held, verdict);
    const key = keysOf(dialogue)[replyOf(dialogue)];
    if (key !== undefined) this.lastRatings.set(key, { verdict, held });
  }

  /** Call once, after the last dialogue of the file. */
  end(): void {
    let held = 0;
    for (const dialogue of this.held) this.giveOn(dialogue, held++);
    this.held.release();
  }

  private giveOn(dialogue: Dialogue, held: number): void {
    const keys = keysOf(dialogue);
    const verdict = this.verdicts.get(held);
    const own = this.lastRatings.get(keys[replyOf(dialogue)] ?? '');
    if (verdict !== undefined && own !== undefined && own.held !== held) {
      this.tally.count('rerated');
      if (verdict === 'bad') this.tally.count('bad', -1);
      return;
    }
    const turns = dialogue.turns.map((turn, index) => {
      if (!turn.supervised || this.lastRatings.get(keys[index] ?? '')?.verdict !== 'bad') return turn;
      this.tally.count('bad');
      return { ...turn, supervised: false };
    });
    this.keep({ ...dialogue, turns });
  }
}

function replyOf({ turns }: Dialogue): number {
  return judgedReply(turns.map(({ role }) => ({ isSpoken: true, role })));
}

/** For each turn, a hash of the conversation up to and including it: 16 bytes as a Latin-1 string. */
function keysOf({ turns }: Dialogue): string[] {
  let key = '';
  return turns.map(({ text, role = '' }) => {
    const hash = createHash('sha256').update(key).update(`\0${role}\0${text}`);
    key = hash.digest().toString('latin1', 0, 16);
    return key;
  });
}
