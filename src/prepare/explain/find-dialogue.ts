// Finds dialogues in the files of a prepared corpus, by id or by their words.

import { type PreparedDialogue, parsePrepared, wholeId } from '../../corpus/prepared/prepared-dialogue.js';
import { rejectedName } from '../../corpus/prepared/prepared-files.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { type Rejection, rejectionIn } from '../drop.js';
import { normalized } from '../duplicates/exact.js';
import type { PreparedCorpus } from '../prepared-corpus.js';

/** Where a dialogue is. */
export type Place = { readonly part: 'train' | 'eval' } | ({ readonly part: 'rejected' } & Rejection);

export interface Placed {
  readonly place: Place;
  readonly one: PreparedDialogue;
}

export function* allDialogues(corpus: PreparedCorpus): Generator<Placed> {
  for (const one of corpus.train) yield { place: { part: 'train' }, one };
  for (const one of corpus.evaluation) yield { place: { part: 'eval' }, one };
  for (const line of corpus.rejectedLines)
    yield {
      place: { part: 'rejected', ...rejectionIn(line) },
      one: parsePrepared(line, `a line of ${rejectedName} in ${corpus.folder}`),
    };
}

/** A dialogue with what else the corpus says about it. */
export interface FoundDialogue {
  /** Of the dialogue before it was cut. */
  readonly id: string;
  /** The parts that the corpus has of it; usually one. */
  readonly parts: readonly Placed[];
  /** The dialogue that it repeats or was made from, if the corpus has it. */
  readonly related: ReadonlyMap<string, Placed>;
  /** Those that were dropped because they repeat it. */
  readonly duplicates: readonly string[];
  /** Those that were made from it. */
  readonly variants: readonly string[];
}

const mostListed = 10;

/** @param prefix of an id. @throws UserError (usage) unless it is that of one dialogue. */
export function findDialogue(corpus: PreparedCorpus, prefix: string): FoundDialogue {
  const id = idOf(corpus, prefix);
  const [parts, duplicates, variants]: [Placed[], string[], string[]] = [[], [], []];
  for (const placed of allDialogues(corpus)) {
    const { place, one } = placed;
    if (wholeId(one.id) === id) parts.push(placed);
    if (place.part === 'rejected' && isPart(place.duplicateOf, id)) duplicates.push(one.id);
    if (isPart(one.augmented?.from, id)) variants.push(one.id);
  }
  const wanted = new Set(
    parts.flatMap(({ place, one }) => [
      ...(place.part === 'rejected' && place.duplicateOf !== undefined ? [place.duplicateOf] : []),
      ...(one.augmented ? [one.augmented.from] : []),
    ]),
  );
  const related = new Map<string, Placed>();
  if (wanted.size > 0)
    // A part can have been cut since.
    for (const placed of allDialogues(corpus))
      for (const from of wanted)
        if (!related.has(from) && (placed.one.id === from || placed.one.id.startsWith(`${from}-`)))
          related.set(from, placed);
  return { id, parts, related, duplicates, variants };
}

function isPart(id: string | undefined, whole: string): boolean {
  return id !== undefined && wholeId(id) === whole;
}

function idOf(corpus: PreparedCorpus, prefix: string): string {
  const found = new Set<string>();
  let more = 0;
  for (const { one } of allDialogues(corpus)) {
    if (one.id === prefix) return wholeId(prefix);
    const id = wholeId(one.id);
    if (!one.id.startsWith(prefix) || found.has(id)) continue;
    if (found.size < mostListed) found.add(id);
    else more++;
  }
  const [id] = found;
  if (id !== undefined && found.size === 1) return id;
  const { folder } = corpus;
  throw new UserError(
    'dialogue-unknown',
    id === undefined
      ? `no dialogue of ${folder} has an id that begins with ${quoted(prefix)}; find ids by words with ${option('text')}`
      : `several dialogues of ${folder} have an id that begins with ${quoted(prefix)}: ${[...found].join(', ')}${more > 0 ? ', ...' : ''}; write more of it`,
  );
}

export interface Matches {
  /** The first of them. */
  readonly dialogues: readonly Placed[];
  readonly count: number;
}

/** @param words all of them must occur in what is said, whatever their case. */
export function findText(corpus: PreparedCorpus, words: string, most: number): Matches {
  const wanted = normalized(words).split(' ');
  const dialogues: Placed[] = [];
  let count = 0;
  for (const placed of allDialogues(corpus)) {
    const said = normalized(placed.one.dialogue.turns.map(({ text }) => text).join('\n'));
    if (!wanted.every((word) => said.includes(word))) continue;
    count++;
    if (dialogues.length < most) dialogues.push(placed);
  }
  return { dialogues, count };
}
