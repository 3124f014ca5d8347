// POST /v1/completions, as OpenAI's API has it: the model continues a text. No bot takes part, and no turn ends.

import { randomInt, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { promptRoom } from '../../generate/prompt.js';
import { defaultSettings, type GenerationSettings } from '../../generate/settings.js';
import type { Generated } from '../engine/engine.js';
import { readyNow } from '../engine-bot.js';
import { EventStream, goneSignal } from '../event-stream.js';
import { FieldRefused } from '../http-error.js';
import { finishReasonOf, refuseUnsupported, samplingOf, sharedFields, usageOf } from '../openai-fields.js';
import type { Served, Service } from '../service.js';
import { streamed } from '../streamed.js';
import { servedNamed } from './models.js';

const completionBody = z.object({
  ...sharedFields,
  prompt: z.union([z.string().min(1), z.array(z.string().min(1)).length(1)]),
  echo: z.boolean().nullish(),
  best_of: z.int().nullish(),
  suffix: z.string().nullish(),
});
type Body = z.infer<typeof completionBody>;

export function addCompletionsRoute(app: FastifyInstance, service: Service): void {
  const schema = { body: completionBody, tags: ['openai'], summary: 'Continue a text' };
  app.post('/v1/completions', { schema }, async (request, reply) => {
    const body = request.body as Body;
    const served = servedNamed(service, body.model);
    refuseUnsupported(body, served);
    refuseMore(body);
    const text = typeof body.prompt === 'string' ? body.prompt : (body.prompt[0] ?? '');
    const signal = goneSignal(reply);
    const grow = await continuation(served, text, service.maxText, samplingOf(body), body.user ?? '');
    const count = body.n ?? 1;
    const head = {
      ...{ id: `cmpl-${randomUUID()}`, object: 'text_completion', created: Math.floor(Date.now() / 1000) },
      ...{ model: served.name, system_fingerprint: null },
    };
    const choice = (index: number, piece: string, reason: string | null) => ({
      ...{ index, text: piece, logprobs: null, finish_reason: reason },
    });
    const all = (show: (index: number, piece: string) => void) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => grow(index, (piece) => show(index, piece), signal)),
      );
    if (body.stream !== true) {
      const made = await all(() => {});
      const choices = made.map((one, index) => choice(index, one.text, finishReasonOf(one.finishReason)));
      return { ...head, choices, usage: usage(made) };
    }
    const events = new EventStream(reply);
    const withUsage = body.stream_options?.include_usage === true;
    const send = (index: number, piece: string, reason: string | null) =>
      events.send({ ...head, choices: [choice(index, piece, reason)], ...(withUsage && { usage: null }) });
    await streamed(service, events, 'openai', async () => {
      const made = await all((index, piece) => send(index, piece, null));
      for (const [index, { finishReason }] of made.entries()) send(index, '', finishReasonOf(finishReason));
      if (withUsage) events.send({ ...head, choices: [], usage: usage(made) });
      events.end();
    });
    return reply;
  });
}

function refuseMore({ echo, best_of: bestOf, suffix, n }: Body): void {
  const refuse = (param: string): never => {
    throw new FieldRefused(param, `${param} is not supported; leave it out`);
  };
  if (echo === true) refuse('echo');
  if (suffix) refuse('suffix');
  if (typeof bestOf === 'number' && bestOf !== (n ?? 1)) refuse('best_of');
}

type Grow = (index: number, show: (piece: string) => void, signal: AbortSignal) => Promise<Generated>;

/** @throws FieldRefused when there is no model, UserError when the text is too long, Refusal when the model is not ready. */
export async function continuation(
  { engine, name }: Served,
  text: string,
  maxText: number,
  given: Partial<GenerationSettings>,
  fairness = '',
): Promise<Grow> {
  if (engine === null)
    throw new FieldRefused('model', `${name} has no model that could continue a text; it can chat`);
  if (text.length > maxText)
    throw new UserError(
      'message-too-long',
      `the prompt has ${text.length} characters, but at most ${maxText} are taken; shorten it`,
    );
  // OpenAI's API generates 16 tokens where nothing is said, which nobody wants.
  const settings = { ...defaultSettings, seed: randomInt(2 ** 32), ...given };
  return async (candidate, show, signal) => {
    const { config, tokenizer } = await readyNow(engine);
    const prompt = tokenizer.encode(text);
    const room = promptRoom(config.nPositions, settings.maxNewTokens);
    if (prompt.length > room)
      throw new UserError(
        'message-too-long',
        `the prompt has ${prompt.length} tokens, but the model's context leaves room for ${room}; shorten it`,
      );
    const job = { prompt, settings, candidate, fairness, logLikelihoods: false };
    return engine.generate(job, ({ text: piece }) => piece !== '' && show(piece), signal);
  };
}

function usage(made: readonly Generated[]): object {
  const [first] = made;
  const tokens = made.reduce((sum, one) => sum + one.tokens, 0);
  return usageOf(first?.promptTokens ?? 0, tokens, first?.cachedTokens ?? 0);
}
