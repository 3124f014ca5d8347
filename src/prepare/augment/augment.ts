// Adds dialogues to the training part of a prepared corpus. This file is the table of contents: augmenters make variants of
// dialogues and new ones, what is not acceptable is refused, what is known already is left out, and the corpus is written with
// the original dialogues as they are. The evaluation part stays as it is, and nothing is made from it.

import { createHash } from 'node:crypto';
import type { Dialogue } from '../../corpus/dialogue.js';
import type { PreparedDialogue } from '../../corpus/prepared/prepared-dialogue.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import type { ValuesOf } from '../../option-spec.js';
import type { NamedTokenizer } from '../../weights/open-model.js';
import { withoutDropped } from '../drop.js';
import { Ledger } from '../ledger.js';
import type { AugmenterCounts, Manifest } from '../manifest.js';
import { type NamedFile, namedFiles, recordsOf } from '../named-files.js';
import { PreparedCorpus } from '../prepared-corpus.js';
import { PreparedStore } from '../prepared-store.js';
import { writeCorpus } from '../write-corpus.js';
import type { Augmenter, Invention, Place, Variation } from './augmenter.js';
import { askedFor, augmenters } from './augmenters.js';
import { KnownDialogues } from './known-dialogues.js';
import { type Counts, type VaryOptions, variants } from './variants.js';

/** The values of the options of augmenters, by key. */
export type AugmenterValues = Readonly<Record<string, unknown>>;

export interface Augmented {
  readonly manifest: Manifest;
  /** What people should know. */
  readonly notes: readonly string[];
}

/**
 * Puts an augmented copy of the prepared corpus in `folder` into the folder `out`, whole or not at all.
 * @param values the options of augmenters, by key.
 * @param tokenizer of the token shards, if there are to be some.
 * @throws UserError (usage) if no augmenter is asked for, (data) if the corpus is damaged.
 */
export async function augment(
  folder: string,
  out: string,
  options: VaryOptions,
  values: AugmenterValues,
  {
    signal,
    note,
    tokenizer,
  }: Pick<Place, 'signal' | 'note'> & { readonly tokenizer?: NamedTokenizer | undefined },
): Promise<Augmented> {
  const corpus = new PreparedCorpus(folder);
  const started = await start(corpus, values, options.seed, { out, signal, note });
  const named = askedFor(values).flatMap(({ options: table }) => namedFiles(table, values));
  const ledger = new Ledger();
  const notes: string[] = [];
  const made = new PreparedStore();
  const counts = new Map<string, Counts>();
  try {
    for (const { name, augmenter } of started) {
      const count: Counts = { dialogues: 0, turns: 0, refused: new Map() };
      counts.set(name, count);
      const keep = async (dialogue: Dialogue, from: string) => {
        made.push(marked(dialogue, { from, by: name }));
        // Without a pause, the program would not see that it is asked to stop.
        if (made.length % 256 === 0) await new Promise(setImmediate);
        signal.throwIfAborted();
      };
      if (augmenter.kind === 'invention')
        for (const dialogue of augmenter.invent()) {
          const { id } = marked(dialogue, { from: dialogue.source, by: name });
          ledger.sample(name, id, () => ({ before: { ...dialogue, turns: [] }, after: [dialogue] }));
          await keep(dialogue, dialogue.source);
        }
      else
        for await (const { from, dialogue } of variants(originals(corpus), {
          name,
          augmenter,
          options,
          ledger,
          count,
        }))
          await keep(dialogue, from);
    }
  } finally {
    for (const { augmenter } of started) notes.push(...((await augmenter.end?.()) ?? []));
  }
  const known = new KnownDialogues(corpus, made);
  const kept = withoutDropped(made, ledger, (index) => {
    const one = made.at(index);
    const reason = known.objection(one.dialogue, index);
    return reason === null ? undefined : { rule: one.augmented?.by ?? '', reason };
  });
  for (const { augmented } of kept) {
    const count = counts.get(augmented?.by ?? '');
    if (count) count.dialogues++;
  }
  const read = started.flatMap(({ augmenter: { files } }) =>
    files === undefined ? [] : recordsOf(files.option, files.paths),
  );
  const described = manifestOf(corpus.manifest, {
    counts,
    ledger,
    settings: { ...options, ...values },
    files: [...named, ...read],
  });
  const manifest = await writeCorpus(out, {
    train: chained(corpus.trainLines, kept.lines(Array(kept.length).keys())),
    evaluation: corpus.evaluationLines,
    rejected: corpus.rejectedLines,
    ledger,
    manifest: described,
    tokenizer,
  });
  for (const { augmenter } of started) augmenter.written?.();
  return { manifest, notes };
}

/** The augmenters that the options ask for. */
async function start(corpus: PreparedCorpus, values: AugmenterValues, seed: number, place: Place) {
  const learned = { [Symbol.iterator]: () => dialoguesOf(originals(corpus)) };
  const started: { readonly name: string; readonly augmenter: Variation | Invention }[] = [];
  for (const augmenter of augmenters) {
    const one = await startOne(augmenter, values, learned, seed, place);
    if (one !== null) started.push({ name: augmenter.name, augmenter: one });
  }
  if (started.length > 0) return started;
  const ways = augmenters
    .flatMap(({ options }) => Object.keys(options).slice(0, 1))
    .map((key) => option(key));
  throw new UserError('options-conflict', `nothing says how to augment the corpus; add ${ways.join(' or ')}`);
}

// The values were checked against the tables of the augmenters, but the compiler cannot see that.
function startOne(
  augmenter: Augmenter,
  values: AugmenterValues,
  learned: Iterable<Dialogue>,
  seed: number,
  place: Place,
) {
  return augmenter.start(values as ValuesOf<typeof augmenter.options>, learned, seed, place);
}

/** The training dialogues that are not made from others. */
function* originals(corpus: PreparedCorpus): Generator<PreparedDialogue> {
  for (const one of corpus.train) if (one.augmented === undefined) yield one;
}

function* dialoguesOf(prepared: Iterable<PreparedDialogue>): Generator<Dialogue> {
  for (const { dialogue } of prepared) yield dialogue;
}

function marked(
  dialogue: Dialogue,
  augmented: { readonly from: string; readonly by: string },
): PreparedDialogue {
  const texts = dialogue.turns.map(({ text }) => text);
  const hash = createHash('sha256').update(JSON.stringify([augmented.by, augmented.from, texts]));
  return { id: hash.digest('hex').slice(0, 16), dialogue, changedBy: [], augmented };
}

interface Made {
  readonly counts: ReadonlyMap<string, Counts>;
  readonly ledger: Ledger;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly files: readonly NamedFile[];
}

function manifestOf(before: Manifest, { counts, ledger, settings, files }: Made): Manifest {
  const made = [...counts].map(([name, { dialogues, turns, refused }]): [string, AugmenterCounts] => [
    name,
    {
      dialogues,
      turns,
      refused: Object.fromEntries(refused),
      dropped: Object.fromEntries(ledger.counts.get(name)?.dropped ?? []),
    },
  ]);
  const added = made.reduce((sum, [, { dialogues }]) => sum + dialogues, 0);
  return {
    ...before,
    dialogues: { ...before.dialogues, train: before.dialogues.train + added },
    augmentations: [...(before.augmentations ?? []), { settings, files, made: Object.fromEntries(made) }],
  };
}

function* chained<Item>(...lists: readonly Iterable<Item>[]): Generator<Item> {
  for (const list of lists) yield* list;
}
