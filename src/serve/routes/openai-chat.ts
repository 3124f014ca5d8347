// POST /v1/chat/completions, as OpenAI's API has it. The bot answers, so rules and learned answers come before the model. The
// client keeps the conversation.

import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Said } from '../../bots/bot.js';
import { EventStream, goneSignal } from '../event-stream.js';
import { FieldRefused } from '../http-error.js';
import { type RoleMessage, turnsOf } from '../messages.js';
import { finishReasonOf, refuseUnsupported, samplingOf, sharedFields, usageOf } from '../openai-fields.js';
import type { Service } from '../service.js';
import { streamed } from '../streamed.js';
import { servedNamed } from './models.js';

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(part)]).nullish(),
});

export const chatCompletionBody = z.object({
  ...sharedFields,
  messages: z.array(message).min(1).max(2000),
  max_completion_tokens: z.int().min(1).nullish(),
  tool_choice: z.unknown().optional(),
  function_call: z.unknown().optional(),
});
type Body = z.infer<typeof chatCompletionBody>;

/** Conversations come whole. In bytes. */
export const largestConversation = 1024 * 1024;

export function addOpenAiChatRoute(app: FastifyInstance, service: Service): void {
  const schema = { body: chatCompletionBody, tags: ['openai'], summary: 'Answer a conversation' };
  const options = { schema, bodyLimit: largestConversation };
  app.post('/v1/chat/completions', options, async (request, reply) => {
    const body = request.body as Body;
    const served = servedNamed(service, body.model);
    refuseUnsupported(body, served);
    refuseTools(body);
    const { turns, hadSystem } = turnsOf(body.messages.map(plain), service.maxText);
    if (hadSystem) reply.header('x-chatbot-note', 'system messages are not used');
    const settings = samplingOf({ ...body, max_tokens: body.max_completion_tokens ?? body.max_tokens });
    const signal = goneSignal(reply);
    const answer = (choice: number, show: (piece: string) => void) =>
      served.talks.once(turns, body.user ?? null, seeded(settings, choice), signal, show);
    const chunks = new Chunks(served.name);
    const choices = Array.from({ length: body.n ?? 1 }, (_, choice) => choice);
    if (body.stream !== true)
      return chunks.whole(await Promise.all(choices.map((choice) => answer(choice, () => {}))));

    const events = new EventStream(reply);
    const begun = new Set<number>();
    const withUsage = body.stream_options?.include_usage === true;
    const send = (choice: number, delta: object, finished: string | null = null) =>
      events.send(
        chunks.chunk([{ index: choice, delta, logprobs: null, finish_reason: finished }], withUsage),
      );
    const begin = (choice: number) => {
      if (!begun.has(choice)) send(choice, { role: 'assistant', content: '' });
      begun.add(choice);
    };
    const grow = async (choice: number): Promise<Said | null> => {
      const said = await answer(choice, (content) => {
        begin(choice);
        send(choice, { content });
      });
      begin(choice);
      send(choice, {}, finishReasonOf(said?.generated?.finishReason));
      return said;
    };
    await streamed(service, events, 'openai', async () => {
      const said = await Promise.all(choices.map(grow));
      if (withUsage) events.send({ ...chunks.chunk([], false), usage: usageOfAll(said) });
      events.end();
    });
    return reply;
  });
}

/** @throws FieldRefused for a message with something other than text. */
function plain({ role, content }: Body['messages'][number], index: number): RoleMessage {
  if (typeof content === 'string') return { role, content };
  const texts = (content ?? []).map(({ type, text }) => {
    if (type === 'text' && text !== undefined) return text;
    throw new FieldRefused(`messages.${index}.content`, 'only text can be read; leave out other parts');
  });
  return { role, content: texts.join('') };
}

function refuseTools({ tool_choice: choice, function_call: call }: Body): void {
  const isMust = (value: unknown) => value === 'required' || (typeof value === 'object' && value !== null);
  if (isMust(choice))
    throw new FieldRefused('tool_choice', 'tools cannot be called; leave tool_choice out, or say "none"');
  if (isMust(call))
    throw new FieldRefused(
      'function_call',
      'functions cannot be called; leave function_call out, or say "none"',
    );
}

/** Each choice draws its own random numbers. */
function seeded<Settings extends { readonly seed?: number }>(settings: Settings, choice: number): Settings {
  return settings.seed === undefined || choice === 0
    ? settings
    : { ...settings, seed: settings.seed + choice };
}

function usageOfAll(all: readonly (Said | null)[]): object {
  const generated = all.flatMap((said) => said?.generated ?? []);
  const [first] = generated;
  const tokens = generated.reduce((sum, one) => sum + one.tokens, 0);
  return usageOf(first?.promptTokens ?? 0, tokens, first?.cachedTokens ?? 0);
}

/** The objects of one answer: all have the same id and time. */
class Chunks {
  private readonly id = `chatcmpl-${randomUUID()}`;
  private readonly created = Math.floor(Date.now() / 1000);

  constructor(private readonly model: string) {}

  whole(all: readonly (Said | null)[]): object {
    return {
      ...this.head('chat.completion'),
      choices: all.map((said, index) => ({
        index,
        message: { role: 'assistant', content: said?.text ?? '', refusal: null },
        logprobs: null,
        finish_reason: finishReasonOf(said?.generated?.finishReason),
      })),
      usage: usageOfAll(all),
    };
  }

  chunk(choices: readonly object[], withUsage: boolean): object {
    return { ...this.head('chat.completion.chunk'), choices, ...(withUsage && { usage: null }) };
  }

  private head(object: string): object {
    const { id, created, model } = this;
    return { id, object, created, model, system_fingerprint: null };
  }
}
