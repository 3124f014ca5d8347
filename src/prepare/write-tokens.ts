// Writes the texts of a prepared corpus as token shards, which chatbot-train reads in place. The texts are read as training reads
// them, so that both give the same tokens.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { familyNumber } from '../corpus/augmented.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { evalName, tokensName } from '../corpus/prepared/prepared-files.js';
import { readDialogues } from '../corpus/read-corpus.js';
import { type TokenizedDialogue, widthOf } from '../corpus/shards/record.js';
import {
  type CorpusPart,
  gzipEnd,
  indexName,
  type PartIndex,
  type ShardIndex,
  shardFormat,
  shardVersion,
  summaryFields,
  textNames,
} from '../corpus/shards/shard-index.js';
import { mostShardBytes, ShardWriter } from '../corpus/shards/shard-writer.js';
import { digestOf, textsAsBytes } from '../corpus/text-numbers.js';
import { TrainingText } from '../corpus/training-text.js';
import { replaceFolder } from '../files/atomic.js';
import type { NamedTokenizer } from '../weights/open-model.js';
import { PreparedCorpus } from './prepared-corpus.js';

export interface WrittenTokens {
  readonly dialogues: number;
  readonly tokens: number;
  readonly shards: number;
}

/**
 * Adds token shards to a prepared corpus, or replaces those that it has, whole or not at all.
 * @throws UserError (usage) if it is no prepared corpus, (data) if it cannot be read, (device) if the disk is full.
 */
export async function addTokens(
  corpus: string,
  tokenizer: NamedTokenizer,
  shardBytes?: number,
): Promise<WrittenTokens> {
  new PreparedCorpus(corpus);
  let written: WrittenTokens = { dialogues: 0, tokens: 0, shards: 0 };
  await replaceFolder(join(corpus, tokensName), (temporary) => {
    written = writeTokens(corpus, temporary, tokenizer, shardBytes);
  });
  return written;
}

/** @param folder exists and is empty. @throws UserError (data) if the corpus cannot be read, or the system's error. */
export function writeTokens(
  corpus: string,
  folder: string,
  { name, tokenizer }: NamedTokenizer,
  shardBytes = mostShardBytes,
): WrittenTokens {
  const written = { dialogues: 0, tokens: 0, shards: 0 };
  const text = new TrainingText(tokenizer);
  const write = (part: CorpusPart, path: string): PartIndex | null => {
    const end = gzipEnd(join(corpus, textNames[part]));
    if (end === null) return null;
    const writer = new ShardWriter(folder, part, widthOf(tokenizer.vocabularySize), shardBytes);
    const { files } = readDialogues([path], {}, (dialogue) => {
      const tokenized = tokenizedBy(text, dialogue);
      const digest = digestOf(textsAsBytes(dialogue.turns));
      writer.push(tokenized, { family: familyNumber(dialogue), digest });
      written.dialogues++;
      for (const { ids } of tokenized.turns) written.tokens += ids.length;
    });
    const [summary, ...more] = files;
    if (!summary || more.length > 0) throw new Error(`${path} is not one text`);
    const shards = [...writer.end()];
    written.shards += shards.length;
    return { text: end, summary: summaryFields(summary), shards };
  };
  const index: ShardIndex = {
    format: shardFormat,
    version: shardVersion,
    tokenizer: {
      name,
      identity: tokenizer.identity(),
      vocabularySize: tokenizer.vocabularySize,
      endOfText: tokenizer.endOfText,
    },
    parts: { train: write('train', corpus), eval: write('eval', join(corpus, evalName)) },
  };
  writeFileSync(join(folder, indexName), `${JSON.stringify(index, null, 2)}\n`, { mode: 0o600 });
  return written;
}

/** Makes the folder of tokens in a corpus that is not in place yet. */
export function writeTokensInto(corpus: string, tokenizer: NamedTokenizer): void {
  const folder = join(corpus, tokensName);
  mkdirSync(folder);
  writeTokens(corpus, folder, tokenizer);
}

function tokenizedBy(text: TrainingText, { turns }: Dialogue): TokenizedDialogue {
  return {
    turns: turns.map(({ text: said, supervised, role }) => ({
      ...text.encode(said),
      supervised,
      ...(role && { role }),
    })),
  };
}
