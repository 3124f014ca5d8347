// Ratings of one reply that contradict each other: the later one in a file counts. A reply is known by the conversation
// up to it, so a rating also holds where a later record goes on from the same reply.

import type { Dialogue } from './dialogue.js';
import { judgedReply, type Verdict } from './readers/judgement.js';
import type { Tally } from './tally.js';

export interface RatedDialogue {
  readonly dialogue: Dialogue;
  /** Undefined where nothing judges it. */
  readonly verdict: Verdict | undefined;
}

/** What was said so far, turn by turn. */
interface Said {
  readonly next: Map<string, Said>;
  verdict?: Verdict;
  /** The last record that rated the turn. */
  ratedBy?: RatedDialogue;
}

/** The dialogues without those whose rating was replaced; no reply that was last rated bad is learnt. */
export function withLastRatings(read: readonly RatedDialogue[], tally: Tally): Dialogue[] {
  const root: Said = { next: new Map() };
  for (const rated of read) {
    const { verdict } = rated;
    if (verdict === undefined) continue;
    const reply = replyOf(rated.dialogue);
    const said = pathOf(root, rated.dialogue, true).at(reply);
    if (said) Object.assign(said, { verdict, ratedBy: rated });
  }
  if (root.next.size === 0) return read.map(({ dialogue }) => dialogue);
  return read.flatMap((rated) => lastWord(rated, root, tally));
}

function lastWord(rated: RatedDialogue, root: Said, tally: Tally): Dialogue[] {
  const { dialogue, verdict } = rated;
  const path = pathOf(root, dialogue, false);
  if (verdict !== undefined && path[replyOf(dialogue)]?.ratedBy !== rated) {
    tally.count('rerated');
    if (verdict === 'bad') tally.count('bad', -1);
    return [];
  }
  const turns = dialogue.turns.map((turn, index) => {
    if (path[index]?.verdict !== 'bad' || !turn.supervised) return turn;
    tally.count('bad');
    return { ...turn, supervised: false };
  });
  return [{ ...dialogue, turns }];
}

function replyOf({ turns }: Dialogue): number {
  return judgedReply(turns.map(({ role }) => ({ isSpoken: true, role })));
}

/** The place of each turn, as far as they are known. */
function pathOf(root: Said, { turns }: Dialogue, grow: boolean): Said[] {
  const path: Said[] = [];
  let said = root;
  for (const { text, role } of turns) {
    const key = `${role ?? ''} ${text}`;
    let next = said.next.get(key);
    if (!next) {
      if (!grow) break;
      next = { next: new Map() };
      said.next.set(key, next);
    }
    path.push(next);
    said = next;
  }
  return path;
}
