// From flags to the settings of a conversation: checks every value, refuses contradictions, and reports options without
// effect. `/set` uses the same checks, so it cannot reach a state that the command line refuses.

import { UserError } from '../errors.js';
import type { GenerationSettings } from '../generate/settings.js';
import { option } from '../option-names.js';
import { type ChatOption, type ChatOptions, chatOptions, mmiCandidates } from './chat-options.js';
import { completeOptions, type GivenOptions } from './schema.js';

export interface LoadedChatOptions {
  readonly options: ChatOptions;
  /** Sentences about options that have no effect in combination with others. */
  readonly notes: readonly string[];
}

/** @throws UserError (usage) for invalid or contradictory options. */
export function loadChatOptions(flags: GivenOptions<ChatOption>): LoadedChatOptions {
  const options = completeOptions(chatOptions, [flags]);
  const given = new Set(flags.keys());
  refuseContradictions(options, given);
  return { options, notes: withoutEffect(options, given) };
}

/** The settings of a reply. */
export function generationSettings(options: ChatOptions): GenerationSettings {
  const { temperature, topK, topP, minP, repetitionPenalty, noRepeatNgramSize } = options;
  const { minNewTokens, maxNewTokens, stop, seed, numBeams, lengthPenalty } = options;
  return {
    doSample: !options.greedy && numBeams === 1,
    ...{ temperature, topK, topP, minP, repetitionPenalty, noRepeatNgramSize },
    ...{ minNewTokens, maxNewTokens, stop, seed, numBeams, lengthPenalty },
  };
}

/** The number of candidates for each reply. */
export function candidateCount({ candidates, mmi }: Pick<ChatOptions, 'candidates' | 'mmi'>): number {
  return candidates ?? (mmi === null ? 1 : mmiCandidates);
}

const chances = ['temperature', 'topK', 'topP', 'minP'] as const;

/**
 * @param given options that were set explicitly, to any value. Defaults cannot contradict an option.
 * @throws UserError (usage) that names both options.
 */
export function refuseContradictions(options: ChatOptions, given: ReadonlySet<ChatOption>): void {
  const { greedy, numBeams, mmi, minNewTokens, maxNewTokens } = options;
  const chance = chances.find((key) => given.has(key));
  const several = options.candidates !== null && options.candidates > 1;
  if (greedy && chance !== undefined)
    refuse('greedy', chance, 'the first takes the most likely token, the second samples from several');
  if (greedy && numBeams > 1)
    refuse('greedy', 'numBeams', 'the first follows only the most likely token, the second several');
  if (greedy && mmi !== null) refuse('greedy', 'mmi', 'greedy candidates are all the same');
  if (greedy && several) refuse('greedy', 'candidates', 'greedy candidates are all the same');
  if (numBeams > 1 && chance !== undefined) refuse('numBeams', chance, 'beam search does not sample');
  if (numBeams > 1 && mmi !== null) refuse('numBeams', 'mmi', 'only sampled candidates can be ranked');
  if (numBeams > 1 && several) refuse('numBeams', 'candidates', 'candidates are sampled');
  if (mmi !== null && options.candidates === 1)
    throw new UserError(
      'options-conflict',
      `${option('mmi')} has nothing to rank with ${option('candidates', 1)}; ask for more, or leave out ${option('candidates')} for ${mmiCandidates}`,
    );
  if (minNewTokens > maxNewTokens)
    throw new UserError(
      'options-conflict',
      `${option('minNewTokens', minNewTokens)} is more than ${option('maxNewTokens', maxNewTokens)}; lower the first or raise the second`,
    );
}

function refuse(one: ChatOption, other: ChatOption, why: string): never {
  throw new UserError(
    'options-conflict',
    `${option(one)} and ${option(other)} contradict each other: ${why}; leave one of them out`,
  );
}

const embedderKeys = ['embedder', 'embedderModel', 'embedderKeyVariable'] as const;

function withoutEffect(options: ChatOptions, given: ReadonlySet<ChatOption>): readonly string[] {
  const notes: string[] = [];
  if (given.has('lengthPenalty') && options.numBeams === 1)
    notes.push(`${option('lengthPenalty')} has no effect without beam search (${option('numBeams')})`);
  if (given.has('seed') && (options.greedy || options.numBeams > 1))
    notes.push(
      `${option('seed')} has no effect: ${option(options.greedy ? 'greedy' : 'numBeams')} does not use random numbers`,
    );
  if (options.rules.length === 0)
    for (const key of ['user', 'timeZone', 'keepDays', 'learning', ...embedderKeys] as const)
      if (given.has(key)) notes.push(`${option(key)} has no effect without ${option('rules')}`);
  // Without a model and a bot there is no conversation at all.
  if (options.model === null && options.rules.length > 0)
    for (const key of given)
      if (!ofBots.has(key)) notes.push(`${option(key)} has no effect, because no model takes part`);
  return notes;
}

/** The options that count in a conversation without a model. */
const ofBots: ReadonlySet<ChatOption> = new Set([
  ...([
    'model',
    'rules',
    'user',
    'keepDays',
    'learning',
    'timeZone',
    ...embedderKeys,
    'prompt',
    'history',
    'seed',
    'json',
    'quiet',
  ] as const),
]);
