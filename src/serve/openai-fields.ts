// The fields that OpenAI's two ways of completing text share: how the reply is generated, and what cannot be honoured. Fields that
// are not named here or in a route are ignored, because clients send many.

import { z } from 'zod';
import { option } from '../option-names.js';
import { FieldRefused } from './http-error.js';
import { type Sampling, settingsOf } from './sampling.js';
import type { Served } from './service.js';

const stopText = z.string().min(1).max(200);
const anything = z.unknown().optional();

export const sharedFields = {
  model: z.string().max(300).optional().describe('A name of GET /v1/models. Default: the first.'),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish().describe('0: always the most likely token.'),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  n: z.int().min(1).max(128).nullish(),
  seed: z.int().nullish(),
  stop: z.union([stopText, z.array(stopText).max(16)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  user: z.string().max(200).nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: anything,
  top_logprobs: anything,
  response_format: anything,
} as const;

export interface SharedFields {
  readonly max_tokens?: number | null | undefined;
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
  readonly top_k?: number | null | undefined;
  readonly min_p?: number | null | undefined;
  readonly repetition_penalty?: number | null | undefined;
  readonly n?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly stop?: string | string[] | null | undefined;
  readonly logit_bias?: Record<string, number> | null | undefined;
  readonly [other: string]: unknown;
}

export function samplingOf(fields: SharedFields): ReturnType<typeof settingsOf> {
  const { temperature, top_p: topP, top_k: topK, min_p: minP, seed, stop } = fields;
  const sampling: Sampling = {
    ...{ temperature, topP, minP, seed, stop },
    // -1 is off for other servers.
    topK: topK === -1 ? 0 : topK,
    repetitionPenalty: fields.repetition_penalty,
    maxNewTokens: fields.max_tokens,
  };
  return settingsOf(sampling);
}

/** The most choices of a bot that needs no model. */
const mostChoices = 16;

/** @throws FieldRefused for what would change the reply and cannot be honoured. */
export function refuseUnsupported(fields: SharedFields, { engine }: Served): void {
  const refuse = (param: string, what = 'is not supported'): never => {
    throw new FieldRefused(param, `${param} ${what}; leave it out`);
  };
  for (const param of ['presence_penalty', 'frequency_penalty'])
    if (typeof fields[param] === 'number' && fields[param] !== 0)
      refuse(param, 'is not supported; repetition_penalty is');
  if (Object.keys(fields.logit_bias ?? {}).length > 0) refuse('logit_bias');
  for (const param of ['logprobs', 'top_logprobs'])
    if (fields[param] !== undefined && fields[param] !== null && fields[param] !== false) refuse(param);
  const format = fields.response_format;
  if (typeof format === 'object' && format !== null && 'type' in format && format.type !== 'text')
    refuse('response_format');
  const most = engine === null ? mostChoices : Math.max(1, engine.load.slots);
  if ((fields.n ?? 1) > most)
    throw new FieldRefused(
      'n',
      `n is ${fields.n}, but ${most} replies can grow at once; ask for fewer, or start the service with more ${option('slots')}`,
    );
}

export function usageOf(promptTokens: number, completionTokens: number, cachedTokens: number): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

export function finishReasonOf(reason: 'stop' | 'length' | 'interrupted' | undefined): 'stop' | 'length' {
  return reason === 'length' ? 'length' : 'stop';
}
