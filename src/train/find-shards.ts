// Decides whether the corpora of one side of a run are read from their token shards. That is so if all of them are prepared
// corpora, each has shards of its present text by the run's tokenizer, and no option changes how texts are read. Otherwise
// people are told why.

import { basename, dirname, join } from 'node:path';
import { trainOptions } from '../config/train-options.js';
import { foundFiles, type Item } from '../corpus/found-files.js';
import { evalName } from '../corpus/prepared/prepared-files.js';
import { isPreparedCorpus } from '../corpus/prepared/trained-models.js';
import type { ReadLearnedOptions } from '../corpus/read-learned.js';
import { checkFormat } from '../corpus/readers.js';
import { widthOf } from '../corpus/shards/record.js';
import { ShardConversations } from '../corpus/shards/shard-conversations.js';
import {
  type CorpusPart,
  gzipEnd,
  readShardIndex,
  type ShardIndex,
  summaryOf,
  textNames,
} from '../corpus/shards/shard-index.js';
import { ShardDamage, type ShardedText, TokenShards } from '../corpus/shards/token-shards.js';
import type { CorpusSummary, SkippedFile } from '../corpus/summary.js';
import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

/** Who wants to read shards. */
export interface ShardUser {
  readonly tokenizer: Tokenizer;
  /** As `chatbot-data tokens --tokenizer` takes it. */
  readonly model: string;
}

export type ShardSearch =
  | { readonly kind: 'none' }
  /** There are shards. Whether they fit shows only when the tokenizer is known. */
  | { readonly kind: 'some'; open(user: ShardUser): ShardsFound };

export type ShardsFound =
  | {
      readonly kind: 'opened';
      readonly conversations: ShardConversations;
      readonly shards: OpenedShards;
      readonly summary: CorpusSummary;
    }
  | { readonly kind: 'refused'; readonly note: string };

export type OpenedShards = Pick<TokenShards, 'close'>;

/** @throws UserError (data) if a path is missing. */
export function findShards(paths: readonly string[], options: ReadLearnedOptions): ShardSearch {
  checkFormat(options.format);
  const { items, skipped } = foundFiles(paths, options.format);
  const found = items.map(foundText);
  return found.every((one) => one.index === null)
    ? { kind: 'none' }
    : { kind: 'some', open: (user) => openShards(found, skipped, options, user) };
}

interface FoundText {
  /** As people gave it. */
  readonly path: string;
  /** Null if it is no text of a prepared corpus. */
  readonly text: { readonly corpus: string; readonly part: CorpusPart } | null;
  readonly index: ReturnType<typeof readShardIndex>;
}

function foundText(item: Item): FoundText {
  const path = item.kind === 'folder' ? item.folder.path : item.source.path;
  const text = textOf(item, path);
  return { path, text, index: text && readShardIndex(text.corpus) };
}

function textOf(item: Item, path: string): FoundText['text'] {
  if (item.kind === 'folder')
    return item.reader.format === 'prepared'
      ? { corpus: path.replace(/(?<=.)[/\\]+$/, ''), part: 'train' }
      : null;
  const corpus = dirname(path);
  const isPart = item.named && basename(path) === evalName;
  return isPart && isPreparedCorpus(corpus) ? { corpus, part: 'eval' } : null;
}

/** The options that change which turns are read, or what they say. */
const readingKeys = [
  ...(['learn', 'learnRole', 'alias', 'format', 'encoding', 'dateOrder', 'columns', 'branches'] as const),
];

/** Why shards are not read, and what helps. */
class Unfit extends Error {}

function openShards(
  found: readonly FoundText[],
  skipped: readonly SkippedFile[],
  options: ReadLearnedOptions,
  user: ShardUser,
): ShardsFound {
  const { vocabularySize, endOfText } = user.tokenizer;
  try {
    const texts = found.map((one) => fitting(one, options, user));
    const shards = TokenShards.open(texts, { vocabularySize, endOfText, width: widthOf(vocabularySize) });
    return {
      kind: 'opened',
      shards,
      conversations: new ShardConversations(shards, { texts, tokenizer: user.tokenizer }),
      summary: {
        files: texts.map(({ index }, number) => summaryOf(index, found[number]?.path ?? '')),
        skippedFiles: [...skipped].sort((one, other) => (one.path < other.path ? -1 : 1)),
        chats: null,
      },
    };
  } catch (thrown) {
    if (!(thrown instanceof Unfit || thrown instanceof ShardDamage)) throw thrown;
    const corpora = found.flatMap(({ text, index }) => (text && index !== null ? [text.corpus] : []));
    const why =
      thrown instanceof ShardDamage
        ? `${thrown.path} ${thrown.message}; ${again([...new Set(corpora)], user)}`
        : thrown.message;
    return { kind: 'refused', note: `the token shards of ${corpora.join(' and ')} are not read: ${why}` };
  }
}

/** @throws Unfit if the shards of a text must not be read. */
function fitting(
  { path, text, index }: FoundText,
  options: ReadLearnedOptions,
  user: ShardUser,
): ShardedText {
  const changed = readingKeys.find((key) => !isDefault(options[key], trainOptions[key].default));
  if (changed !== undefined)
    throw new Unfit(`they hold the turns as they were prepared, without ${option(changed)}`);
  if (text === null)
    throw new Unfit(`${path} has none; chatbot-data prepare makes a corpus of it that can have some`);
  const { corpus, part } = text;
  if (index === null) throw new Unfit(`${corpus} has none; ${again([corpus], user)}`);
  if (index === 'damaged') throw new Unfit(`their index in ${corpus} is damaged; ${again([corpus], user)}`);
  if (index === 'other version')
    throw new Unfit(`another version of this program made those of ${corpus}; ${again([corpus], user)}`);
  const ofPart = index.parts[part];
  const end = gzipEnd(join(corpus, textNames[part]));
  if (ofPart === null || end?.crc32 !== ofPart.text.crc32 || end.length !== ofPart.text.length)
    throw new Unfit(`the text of ${corpus} has changed since they were made; ${again([corpus], user)}`);
  refuseOtherTokenizer(corpus, index, user);
  const { bad, records } = ofPart.summary;
  if (bad > options.maxBadRatio * records)
    throw new Unfit(`${bad} of ${records} records of ${corpus} cannot be read`);
  return { corpus, part, index: ofPart };
}

function refuseOtherTokenizer(corpus: string, { tokenizer }: ShardIndex, user: ShardUser): void {
  const { identity, vocabularySize, endOfText, name } = tokenizer;
  const own = user.tokenizer;
  if (identity === own.identity() && vocabularySize === own.vocabularySize && endOfText === own.endOfText)
    return;
  throw new Unfit(
    `those of ${corpus} are of another tokenizer (that of ${oneLine(name, 60)}); ${again([corpus], user)}`,
  );
}

function again(corpora: readonly string[], { model }: ShardUser): string {
  return `chatbot-data tokens ${corpora.join(' ')} --tokenizer ${model} makes them for this model`;
}

function isDefault(value: unknown, preset: unknown): boolean {
  return Array.isArray(value) && Array.isArray(preset) ? value.length === preset.length : value === preset;
}
