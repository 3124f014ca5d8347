// A dialogue in a token shard: what each turn is, then the ids of all turns. Numbers are little-endian, and a record begins and
// ends at a multiple of 4 bytes, so that ids are read where they lie.
//
//   u32         number of turns
//   u32 a turn  tokens (27 bits), role (3 bits), whether it is supervised, whether its text spells special tokens
//   2 u32       for each turn that does: end-of-text markers, other special tokens
//   ids         u16 or u32, as the shard says; zeros up to a multiple of 4 bytes

import type { Role } from '../dialogue.js';
import type { TokenizedTurn } from '../encode-dialogue.js';
import type { LearnableDialogue } from '../learnt-turns.js';
import type { TurnIds } from '../training-text.js';

export type TokenizedDialogue = LearnableDialogue<TokenizedTurn>;

/** What the ids of a shard must be. */
export interface IdLimits {
  /** Bytes per id. */
  readonly width: 2 | 4;
  /** All ids are smaller. */
  readonly vocabularySize: number;
  /** The last id of each turn. */
  readonly endOfText: number;
}

/** By number. Numbers never change their meaning. */
const roles: readonly (Role | undefined)[] = [undefined, 'system', 'user', 'assistant', 'tool'];

const mostTokens = 2 ** 27 - 1;
const roleShift = 27;
const supervisedBit = 1 << 30;
const spellsBit = 1 << 31;

/** Two turns of one id each. */
export const fewestRecordBytes = 16;

export function widthOf(vocabularySize: number): 2 | 4 {
  return vocabularySize <= 2 ** 16 ? 2 : 4;
}

/** @throws RangeError if a turn has too many tokens. */
export function recordOf({ turns }: TokenizedDialogue, width: 2 | 4): Uint8Array {
  const spelling = turns.filter(spells);
  const tokens = turns.reduce((sum, { ids }) => sum + ids.length, 0);
  const words = 1 + turns.length + 2 * spelling.length;
  const bytes = new Uint8Array(4 * words + 4 * Math.ceil((tokens * width) / 4));
  const head = new Uint32Array(bytes.buffer, 0, words);
  head[0] = turns.length;
  for (const [index, turn] of turns.entries()) head[1 + index] = headOf(turn);
  for (const [index, { endMarkers, specialTokens }] of spelling.entries())
    head.set([endMarkers, specialTokens], 1 + turns.length + 2 * index);
  const ids = idsIn(bytes, 4 * words, tokens, width);
  let filled = 0;
  for (const turn of turns) {
    ids.set(turn.ids, filled);
    filled += turn.ids.length;
  }
  return bytes;
}

function headOf(turn: TokenizedTurn): number {
  const { ids, role, supervised } = turn;
  if (ids.length > mostTokens) throw new RangeError(`a turn has ${ids.length} tokens`);
  const flags = (supervised ? supervisedBit : 0) | (spells(turn) ? spellsBit : 0);
  return (ids.length | (roles.indexOf(role) << roleShift) | flags) >>> 0;
}

function spells({ endMarkers, specialTokens }: TokenizedTurn): boolean {
  return endMarkers + specialTokens > 0;
}

/**
 * Reads a record.
 * @param bytes exactly the record; its place in memory is a multiple of 4.
 * @returns null unless `recordOf` can have written it.
 */
export function dialogueOf(bytes: Uint8Array, limits: IdLimits): TokenizedDialogue | null {
  if (bytes.length < fewestRecordBytes || bytes.length % 4 !== 0) return null;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const count = words[0] ?? 0;
  if (count < 1 || count >= words.length) return null;
  let [place, tokens] = [1 + count, 0];
  for (let turn = 0; turn < count; turn++) {
    const head = words[1 + turn] ?? 0;
    if ((head & spellsBit) !== 0) place += 2;
    tokens += head & mostTokens;
  }
  if (4 * place + 4 * Math.ceil((tokens * limits.width) / 4) !== bytes.length) return null;
  const all = idsIn(bytes, 4 * place, tokens, limits.width);
  const turns: TokenizedTurn[] = [];
  place = 1 + count;
  for (let turn = 0, from = 0; turn < count; turn++) {
    const head = words[1 + turn] ?? 0;
    const to = from + (head & mostTokens);
    const spelling = (head & spellsBit) !== 0;
    const ids = idsOf(all, from, to, limits);
    const [endMarkers = 0, specialTokens = 0] = spelling ? words.subarray(place, place + 2) : [];
    const said = ids && turnOf(head, { ids, endMarkers, specialTokens });
    if (said === null) return null;
    turns.push(said);
    if (spelling) place += 2;
    from = to;
  }
  return { turns };
}

/** The ids of a turn, as an array, because many small views of a buffer take longer. Null if they break the limits. */
function idsOf(
  all: Uint16Array | Uint32Array,
  from: number,
  to: number,
  { vocabularySize, endOfText }: IdLimits,
): number[] | null {
  if (to === from || all[to - 1] !== endOfText) return null;
  const ids: number[] = [];
  for (let index = from; index < to; index++) {
    const id = all[index] ?? vocabularySize;
    if (id >= vocabularySize) return null;
    ids.push(id);
  }
  return ids;
}

function turnOf(head: number, { ids, endMarkers, specialTokens }: TurnIds): TokenizedTurn | null {
  const number = (head >>> roleShift) & 7;
  if (number >= roles.length) return null;
  const role = roles[number];
  const supervised = (head & supervisedBit) !== 0;
  if (supervised && (role === 'system' || role === 'tool')) return null;
  // Written out, because spreading an object is slow and a corpus has millions of dialogues.
  if (role === undefined) return { supervised, ids, endMarkers, specialTokens };
  return { supervised, role, ids, endMarkers, specialTokens };
}

function idsIn(bytes: Uint8Array, offset: number, tokens: number, width: 2 | 4): Uint16Array | Uint32Array {
  const place = bytes.byteOffset + offset;
  return width === 2
    ? new Uint16Array(bytes.buffer, place, tokens)
    : new Uint32Array(bytes.buffer, place, tokens);
}
