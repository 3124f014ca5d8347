// From flags to what a conversation is held with: every value checked, contradictions refused, options without effect
// named. `/set` asks here too, so that a conversation cannot get into what its command line could not.

import { UserError } from '../errors.js';
import type { GenerationSettings } from '../generate/settings.js';
import { option } from '../option-names.js';
import { type ChatOption, type ChatOptions, chatOptions, mmiCandidates } from './chat-options.js';
import { completeOptions, type GivenOptions } from './schema.js';

export interface LoadedChatOptions {
  readonly options: ChatOptions;
  /** Sentences about options that have no effect beside others. */
  readonly notes: readonly string[];
}

/** @throws UserError (usage) for anything that cannot be done as asked. */
export function loadChatOptions(flags: GivenOptions<ChatOption>): LoadedChatOptions {
  const options = completeOptions(chatOptions, [flags]);
  const given = new Set(flags.keys());
  refuseContradictions(options, given);
  return { options, notes: withoutEffect(options, given) };
}

/** What a reply is made with. */
export function generationSettings(options: ChatOptions): GenerationSettings {
  const { temperature, topK, topP, minP, repetitionPenalty, noRepeatNgramSize } = options;
  const { minNewTokens, maxNewTokens, stop, seed, numBeams, lengthPenalty } = options;
  return {
    doSample: !options.greedy && numBeams === 1,
    ...{ temperature, topK, topP, minP, repetitionPenalty, noRepeatNgramSize },
    ...{ minNewTokens, maxNewTokens, stop, seed, numBeams, lengthPenalty },
  };
}

/** How many replies each one is chosen from. */
export function candidateCount({ candidates, mmi }: Pick<ChatOptions, 'candidates' | 'mmi'>): number {
  return candidates ?? (mmi === null ? 1 : mmiCandidates);
}

const chances = ['temperature', 'topK', 'topP', 'minP'] as const;

/**
 * @param given options that somebody set, whatever to: only these can contradict where a default would not.
 * @throws UserError (usage) that names both.
 */
export function refuseContradictions(options: ChatOptions, given: ReadonlySet<ChatOption>): void {
  const { greedy, numBeams, mmi, minNewTokens, maxNewTokens } = options;
  const chance = chances.find((key) => given.has(key));
  const several = options.candidates !== null && options.candidates > 1;
  if (greedy && chance !== undefined)
    refuse('greedy', chance, 'the one takes the likeliest token, the other draws among several');
  if (greedy && numBeams > 1)
    refuse('greedy', 'numBeams', 'the one follows only the likeliest token, the other several');
  if (greedy && mmi !== null) refuse('greedy', 'mmi', 'greedy candidates are all the same');
  if (greedy && several) refuse('greedy', 'candidates', 'greedy candidates are all the same');
  if (numBeams > 1 && chance !== undefined) refuse('numBeams', chance, 'beam search draws nothing by chance');
  if (numBeams > 1 && mmi !== null) refuse('numBeams', 'mmi', 'candidates to rank are drawn by chance');
  if (numBeams > 1 && several) refuse('numBeams', 'candidates', 'candidates are drawn by chance');
  if (mmi !== null && options.candidates === 1)
    throw new UserError(
      'options-conflict',
      `${option('mmi')} has nothing to rank with ${option('candidates', 1)}; ask for more, or leave ${option('candidates')} out for ${mmiCandidates}`,
    );
  if (minNewTokens > maxNewTokens)
    throw new UserError(
      'options-conflict',
      `${option('minNewTokens', minNewTokens)} is more than ${option('maxNewTokens', maxNewTokens)}; lower the one or raise the other`,
    );
}

function refuse(one: ChatOption, other: ChatOption, why: string): never {
  throw new UserError(
    'options-conflict',
    `${option(one)} and ${option(other)} contradict each other: ${why}; leave one of them out`,
  );
}

function withoutEffect(options: ChatOptions, given: ReadonlySet<ChatOption>): readonly string[] {
  const notes: string[] = [];
  if (given.has('lengthPenalty') && options.numBeams === 1)
    notes.push(
      `${option('lengthPenalty')} is for beam search: without ${option('numBeams')} it has no effect`,
    );
  if (given.has('seed') && (options.greedy || options.numBeams > 1))
    notes.push(
      `${option(options.greedy ? 'greedy' : 'numBeams')} leaves nothing to chance: ${option('seed')} has no effect`,
    );
  return notes;
}
