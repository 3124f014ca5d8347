// GPT-2's vocabulary in the forms that transformers reads, recovered from the ranks that gpt-tokenizer has: a token's
// rank is its id, and ranks from 256 on are in the order in which training merged them.
// Everything is made when it is first asked for.

import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { symbolsOf } from './byte-level.js';
import { endOfTextToken, ordinaryTokens } from './gpt2-digest.js';
import { byteLevelTokenizerJson, json, mergesText, specialToken } from './tokenizer-json.js';

/** The longest context of GPT-2 and DialoGPT. */
const longestContext = 1024;

/** The token of each id below `ordinaryTokens`, in the byte alphabet. */
function tokens(): string[] {
  const utf8 = new TextEncoder();
  return ranks.map((token) => symbolsOf(typeof token === 'string' ? utf8.encode(token) : token));
}

/** The two parts, "left right", that merging with the ranks below `limit` leaves of the token of that rank. */
function lastMerge(token: string, limit: number, idOf: ReadonlyMap<string, number>): string {
  const parts = [...token];
  while (parts.length > 2) {
    let lowest = limit;
    let at = -1;
    for (let index = 0; index + 1 < parts.length; index++) {
      const rank = idOf.get(`${parts[index]}${parts[index + 1]}`) ?? limit;
      if (rank < lowest) {
        lowest = rank;
        at = index;
      }
    }
    if (at < 0) throw new Error(`no two merges make the token of id ${limit}`);
    parts.splice(at, 2, `${parts[at]}${parts[at + 1]}`);
  }
  return parts.join(' ');
}

function recover(): { vocab: Record<string, number>; merges: string[] } {
  const known = tokens();
  const vocabulary = new Map(known.map((token, id): [string, number] => [token, id]));
  const merges = known.slice(256).map((token, index) => lastMerge(token, 256 + index, vocabulary));
  vocabulary.set(endOfTextToken, ordinaryTokens);
  return { vocab: Object.fromEntries(vocabulary), merges };
}

function makeFiles(): ReadonlyMap<string, string> {
  const { vocab, merges } = recover();
  const special = { bos_token: endOfTextToken, eos_token: endOfTextToken, unk_token: endOfTextToken };
  const added = [specialToken(ordinaryTokens, endOfTextToken)];
  return new Map([
    ['tokenizer.json', json(byteLevelTokenizerJson({ vocab, merges, added, addPrefixSpace: false }))],
    ['vocab.json', JSON.stringify(vocab)],
    ['merges.txt', mergesText(merges)],
    [
      'tokenizer_config.json',
      json({
        tokenizer_class: 'GPT2Tokenizer',
        ...special,
        add_prefix_space: false,
        clean_up_tokenization_spaces: false,
        model_max_length: longestContext,
      }),
    ],
    ['special_tokens_map.json', json(special)],
  ]);
}

let files: ReadonlyMap<string, string> | undefined;

/** By name: tokenizer.json, vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json. */
export function gpt2Files(): ReadonlyMap<string, string> {
  files ??= makeFiles();
  return files;
}
