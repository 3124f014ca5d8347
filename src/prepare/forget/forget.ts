// Takes a person out of a prepared corpus: every dialogue in which they take part, what was made from those dialogues, and what
// the corpus keeps beside them, such as samples and tokens. The folder is replaced as a whole, or stays as it is.

import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Dialogue } from '../../corpus/dialogue.js';
import { type PreparedDialogue, parsePrepared, wholeId } from '../../corpus/prepared/prepared-dialogue.js';
import { corpusHash } from '../../corpus/prepared/trained-models.js';
import { UserError } from '../../errors.js';
import { removeStaleTemporaries } from '../../files/atomic.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { augmenters } from '../augment/augmenters.js';
import type { Part } from '../customer.js';
import { normalized } from '../duplicates/exact.js';
import { removeUnfinished } from '../kept-sources.js';
import { Ledger } from '../ledger.js';
import type { Manifest } from '../manifest.js';
import { PreparedCorpus } from '../prepared-corpus.js';
import { hidesNames } from '../sensitive/choice.js';
import { pseudonymKey } from '../sensitive/pseudonym.js';
import { writeCorpus } from '../write-corpus.js';
import {
  type ForgottenGroup,
  forgottenIn,
  forgottenText,
  isListed,
  type KeyOptions,
  withForgotten,
} from './forgotten.js';
import { Person } from './person.js';

export interface ForgetOptions {
  /** Names or ids. */
  readonly speaker: readonly string[];
  /** Likewise. Dialogues are only forgotten in which they are the customer. */
  readonly customer: readonly string[];
  /** Texts; dialogues with one of them are forgotten too. */
  readonly match: readonly string[];
  /** `Bob=Robert`, besides those that the corpus was prepared with. */
  readonly alias: readonly string[];
  /** The file with the secret of the corpus, if it is no longer where the manifest says. */
  readonly redactKey: string | null;
  readonly dryRun: boolean;
}

export interface Counts {
  readonly train: number;
  readonly eval: number;
  readonly rejected: number;
}

export interface Forgetting {
  readonly forgotten: Counts;
  /** What the corpus holds now, or would hold after a dry run. */
  readonly left: Counts;
  /** The state of the corpus before, as models.jsonl names it. */
  readonly corpus: string;
  /** Files that hold the dialogues still. */
  readonly sources: readonly string[];
  readonly notes: readonly string[];
}

type PartOfCorpus = keyof Counts;

/** @throws UserError (usage) if nobody has such a name, (data) if the corpus is damaged, (device) if it cannot be written. */
export async function forget(folder: string, options: ForgetOptions): Promise<Forgetting> {
  // A process that was killed while it replaced the corpus can have left the old one behind under a hidden name.
  if (!options.dryRun) removeStaleTemporaries(dirname(resolve(folder)));
  const corpus = new PreparedCorpus(folder);
  const state = corpusHash(folder);
  const { settings } = corpus.manifest;
  const keyOptions = keyOptionsOf(settings, options);
  const aliases = [...textsIn(settings.alias), ...options.alias];
  const isPseudonymous = typeof settings.redact === 'string' && hidesNames(settings.redact);
  const key = pseudonymKey(keyOptions);
  const personOf = (part: Part) => (name: string) =>
    new Person({ names: [name], part, aliases, key, isPseudonymous });
  const people = [...options.speaker.map(personOf('speaker')), ...options.customer.map(personOf('customer'))];
  const lines = partsOf(corpus);
  for (const { one } of lines()) for (const person of people) person.meet(one.dialogue);
  const texts = options.match.map(normalized);
  const isGone = forgottenTest(lines, (dialogue) => [
    ...people.map((person) => person.takesPartIn(dialogue)),
    ...texts.map((text) => holds(dialogue, text)),
  ]);
  const groups = forgottenIn(folder);
  refuseUnknown(folder, options, isGone.found, groups, key);
  const { forgotten, left, sources } = counted(lines, isGone.test);
  const notes = people.flatMap((person, index) =>
    person.idCount > 1
      ? [
          `${person.idCount} ids have the name ${quoted([...options.speaker, ...options.customer][index])}, and all are forgotten; name an id instead to forget one of them`,
        ]
      : [],
  );
  const result: Forgetting = { forgotten, left, corpus: state, sources, notes };
  if (options.dryRun) return result;
  const pseudonymsOf = (part: Part) =>
    people.filter((person) => person.part === part).flatMap((person) => [...person.pseudonyms]);
  const added = { speakers: pseudonymsOf('speaker'), customers: pseudonymsOf('customer') };
  const kept = (part: Iterable<string>) => keptLines(part, isGone.test);
  await writeCorpus(folder, {
    train: kept(corpus.trainLines),
    evaluation: kept(corpus.evaluationLines),
    rejected: kept(corpus.rejectedLines),
    ledger: new Ledger(),
    manifest: manifestAfter(corpus.manifest, people, result),
    forgotten: people.length === 0 ? undefined : forgottenText(withForgotten(groups, added, keyOptions)),
    check: () => refuseOtherState(folder, state),
  });
  removeUnfinished(folder);
  for (const { remains } of augmenters)
    for (const path of (await remains?.(folder)) ?? []) rmSync(path, { force: true });
  return result;
}

/** The corpus was prepared with a seed and perhaps a secret. */
function keyOptionsOf(settings: Manifest['settings'], { redactKey }: ForgetOptions): KeyOptions {
  const recorded = typeof settings.redactKey === 'string' ? settings.redactKey : null;
  const { seed } = settings;
  return { redactKey: redactKey ?? recorded, seed: typeof seed === 'number' ? seed : 0 };
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

type Lines = () => Generator<{ readonly part: PartOfCorpus; readonly one: PreparedDialogue }>;

function partsOf(corpus: PreparedCorpus): Lines {
  return function* () {
    for (const one of corpus.train) yield { part: 'train', one };
    for (const one of corpus.evaluation) yield { part: 'eval', one };
    for (const line of corpus.rejectedLines)
      yield { part: 'rejected', one: parsePrepared(line, `a line of rejected.jsonl in ${corpus.folder}`) };
  };
}

function holds({ turns, persona = [] }: Dialogue, text: string): boolean {
  return [...turns.map((turn) => turn.text), ...persona].some((said) => normalized(said).includes(text));
}

/**
 * Which dialogues go: those that a test finds, the other parts of the same dialogue, and what was made from them.
 * @param tests what each name or text finds.
 */
function forgottenTest(lines: Lines, tests: (dialogue: Dialogue) => readonly boolean[]) {
  const gone = new Set<string>();
  const found: boolean[] = [];
  const made = new Map<string, string>();
  for (const { one } of lines()) {
    const results = tests(one.dialogue);
    for (const [index, result] of results.entries()) found[index] = found[index] === true || result;
    if (results.includes(true)) gone.add(wholeId(one.id));
    if (one.augmented) made.set(wholeId(one.id), wholeId(one.augmented.from));
  }
  for (let before = -1; before < gone.size; ) {
    before = gone.size;
    for (const [id, from] of made) if (gone.has(from)) gone.add(id);
  }
  return { found, test: (one: PreparedDialogue) => gone.has(wholeId(one.id)) };
}

/** A name that nobody has is a mistake, unless the person was forgotten before. */
function refuseUnknown(
  folder: string,
  { speaker, customer, match }: ForgetOptions,
  found: readonly boolean[],
  groups: readonly ForgottenGroup[],
  key: string,
): void {
  const asked = [
    ...speaker.map((name) => ({
      part: 'speaker' as const,
      name,
      what: `nobody in ${folder} has the name or id ${quoted(name)}`,
    })),
    ...customer.map((name) => ({
      part: 'customer' as const,
      name,
      what: `no customer in ${folder} has the name or id ${quoted(name)}`,
    })),
    ...match.map((text) => ({
      part: null,
      name: text,
      what: `no dialogue of ${folder} holds the text ${quoted(text)}`,
    })),
  ];
  const missing = asked.find(
    ({ part, name }, index) => found[index] !== true && (part === null || !isListed(groups, name, part, key)),
  );
  if (missing === undefined) return;
  throw new UserError(
    'speaker-unknown',
    `${missing.what}, so nothing was changed; ${
      missing.part === null
        ? `a phrase is found as it is written, and chatbot-data explain ${quoted(folder)} ${option('text')} finds words`
        : `chatbot-data speakers ${quoted(folder)} shows who takes part`
    }`,
  );
}

function counted(lines: Lines, isGone: (one: PreparedDialogue) => boolean) {
  const forgotten = { train: 0, eval: 0, rejected: 0 };
  const left = { train: 0, eval: 0, rejected: 0 };
  const sources = new Set<string>();
  for (const { part, one } of lines()) {
    (isGone(one) ? forgotten : left)[part]++;
    if (isGone(one) && !one.augmented) sources.add(one.dialogue.source.replace(/:\d+$/, ''));
  }
  return { forgotten, left, sources: [...sources].sort() };
}

function* keptLines(lines: Iterable<string>, isGone: (one: PreparedDialogue) => boolean): Generator<string> {
  for (const line of lines) if (!isGone(parsePrepared(line, 'a line of the corpus'))) yield line;
}

/** Without the names of the forgotten. What rules did is still that of all dialogues. */
function manifestAfter(
  manifest: Manifest,
  people: readonly Person[],
  { forgotten, left }: Forgetting,
): Manifest {
  const isNamed = (name: string) => people.some((person) => person.isNamed(name));
  // Who is forgotten as a customer can still be one of those who answer.
  const isSilenced = (name: string) =>
    people.some((person) => person.part === 'speaker' && person.isNamed(name));
  const { learn, alias } = manifest.settings;
  const settings = {
    ...manifest.settings,
    ...(Array.isArray(learn) && { learn: textsIn(learn).filter((name) => !isSilenced(name)) }),
    ...(Array.isArray(alias) && { alias: textsIn(alias).filter((pair) => !pair.split('=').some(isNamed)) }),
  };
  return {
    ...manifest,
    settings,
    dialogues: { train: left.train, eval: left.eval },
    forgotten: [
      ...(manifest.forgotten ?? []),
      { date: new Date().toISOString(), speakers: people.length, dialogues: forgotten },
    ],
  };
}

function refuseOtherState(folder: string, state: string): void {
  if (corpusHash(folder) === state) return;
  throw new UserError(
    'output-folder-locked',
    `${folder} was changed by another program in the meantime, so nothing was forgotten; run the command again`,
  );
}
