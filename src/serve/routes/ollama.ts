// The part of Ollama's API that clients need to chat: its version, the models, /api/chat and /api/generate. Lines of JSON, streamed
// unless `stream` is false. What changes the set of models is answered with status 501.

import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Reply } from '../../generate/reply.js';
import { EventStream, goneSignal } from '../event-stream.js';
import { FieldRefused } from '../http-error.js';
import { turnsOf } from '../messages.js';
import { settingsOf } from '../sampling.js';
import type { Served, Service } from '../service.js';
import { streamed } from '../streamed.js';
import { servedNamed } from './models.js';
import { largestConversation } from './openai-chat.js';
import { continuation } from './openai-completions.js';

/** The version of Ollama whose API this follows. Clients ask for it. */
const apiVersion = '0.12.0';

const stopText = z.string().min(1).max(200);
const options = z
  .looseObject({
    temperature: z.number().min(0).max(2).nullish(),
    top_k: z.int().min(0).nullish(),
    top_p: z.number().gt(0).max(1).nullish(),
    min_p: z.number().min(0).max(1).nullish(),
    seed: z.int().nullish(),
    num_predict: z.int().min(-2).nullish().describe('-1 and -2: as much as the context has room for.'),
    repeat_penalty: z.number().gt(0).max(10).nullish(),
    stop: z.union([stopText, z.array(stopText).max(16)]).nullish(),
  })
  .nullish();

const name = z.string().max(300);
const common = {
  model: name,
  stream: z.boolean().nullish(),
  options,
  format: z.unknown().optional(),
  think: z.unknown().optional(),
} as const;
const message = z.looseObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string().default(''),
  images: z.array(z.unknown()).nullish(),
});
const chatBody = z.object({
  ...common,
  messages: z.array(message).max(2000).default([]),
  tools: z.array(z.unknown()).nullish(),
});
const generateBody = z.object({
  ...common,
  prompt: z.string().default(''),
  raw: z.boolean().nullish(),
  suffix: z.string().nullish(),
  images: z.array(z.unknown()).nullish(),
});
const showBody = z.object({ model: name.optional(), name: name.optional() });

type ChatBody = z.infer<typeof chatBody>;
type GenerateBody = z.infer<typeof generateBody>;

export function addOllamaRoutes(app: FastifyInstance, service: Service): void {
  const schema = (summary: string, body?: z.ZodType) => ({
    tags: ['ollama'],
    summary,
    ...(body && { body }),
  });
  app.get('/api/version', { schema: schema('The version of the API') }, async () => ({
    version: apiVersion,
  }));
  app.get('/api/tags', { schema: schema('The models') }, async () => ({
    models: await Promise.all(service.served.map(tagOf)),
  }));
  app.post('/api/show', { schema: schema('One model', showBody) }, async ({ body }) => {
    const { model, name: byName } = body as z.infer<typeof showBody>;
    return shown(named(service, model ?? byName));
  });
  app.post(
    '/api/chat',
    { schema: schema('Answer a conversation', chatBody), bodyLimit: largestConversation },
    async (request, reply) => chat(service, request.body as ChatBody, reply),
  );
  app.post('/api/generate', { schema: schema('Answer a prompt', generateBody) }, async (request, reply) =>
    generate(service, request.body as GenerateBody, reply),
  );
  for (const path of ['pull', 'push', 'create', 'copy', 'delete', 'embed', 'embeddings'])
    app.route({
      method: ['POST', 'DELETE'],
      url: `/api/${path}`,
      schema: { hide: true },
      handler: async (_, reply) =>
        reply.code(501).send({ error: `/api/${path} is not supported; models are named at the start` }),
    });
}

async function chat(service: Service, body: ChatBody, reply: FastifyReply): Promise<unknown> {
  const served = named(service, body.model);
  refuseUnsupported(body);
  if ((body.tools ?? []).length > 0)
    throw new FieldRefused('tools', `${body.model} does not support tools; leave them out`);
  if (body.messages.some(({ images }) => (images ?? []).length > 0))
    throw new FieldRefused('images', 'only text can be read; leave images out');
  const { turns, hadSystem } =
    body.messages.length > 0 ? turnsOf(body.messages, service.maxText) : { turns: [], hadSystem: false };
  if (hadSystem) reply.header('x-chatbot-note', 'system messages are not used');
  const signal = goneSignal(reply);
  return answer(service, reply, body, {
    put: (text) => ({ message: { role: 'assistant', content: text } }),
    isEmpty: turns.length === 0,
    grow: async (show) => said(served, turns, await samplingOf(body, served), signal, show),
  });
}

async function generate(service: Service, body: GenerateBody, reply: FastifyReply): Promise<unknown> {
  const served = named(service, body.model);
  refuseUnsupported(body);
  if (body.suffix) throw new FieldRefused('suffix', 'suffix is not supported; leave it out');
  if ((body.images ?? []).length > 0)
    throw new FieldRefused('images', 'only text can be read; leave images out');
  const isEmpty = body.prompt.trim() === '';
  const turns = isEmpty ? [] : turnsOf([{ role: 'user', content: body.prompt }], service.maxText).turns;
  const signal = goneSignal(reply);
  const raw = async (show: (piece: string) => void): Promise<Grown> => {
    const settings = await samplingOf(body, served);
    const grow = await continuation(served, body.prompt, service.maxText, settings);
    const made = await grow(0, show, signal);
    const { text, tokens, promptTokens, finishReason, milliseconds } = made;
    return {
      ...{ text, tokens, promptTokens, finishReason },
      ...{ seconds: milliseconds.total / 1000, secondsToFirstToken: milliseconds.toFirstToken / 1000 },
    };
  };
  return answer(service, reply, body, {
    put: (text) => ({ response: text }),
    isEmpty,
    grow: body.raw ? raw : async (show) => said(served, turns, await samplingOf(body, served), signal, show),
  });
}

type Grown = Pick<
  Reply,
  'text' | 'tokens' | 'promptTokens' | 'finishReason' | 'seconds' | 'secondsToFirstToken'
>;

async function said(
  { talks }: Served,
  turns: readonly string[],
  settings: ReturnType<typeof settingsOf>,
  signal: AbortSignal,
  show: (piece: string) => void,
): Promise<Grown> {
  const began = Date.now();
  const one = await talks.once(turns, null, settings, signal, show);
  const seconds = (Date.now() - began) / 1000;
  const plain = {
    tokens: 0,
    promptTokens: 0,
    finishReason: 'stop',
    seconds,
    secondsToFirstToken: seconds,
  } as const;
  return { ...(one?.generated ?? plain), text: one?.text ?? '' };
}

interface Growing {
  /** A piece of the answer, in its place in the line. */
  readonly put: (text: string) => object;
  /** Nothing is asked: clients do that to load a model. */
  readonly isEmpty: boolean;
  readonly grow: (show: (piece: string) => void) => Promise<Grown>;
}

async function answer(
  service: Service,
  reply: FastifyReply,
  { model, stream }: ChatBody | GenerateBody,
  { put, isEmpty, grow }: Growing,
): Promise<unknown> {
  const line = (text: string, rest: object) => ({
    ...{ model, created_at: new Date().toISOString() },
    ...put(text),
    ...rest,
  });
  if (isEmpty) return line('', { done: true, done_reason: 'load' });
  if (stream === false) {
    const grown = await grow(() => {});
    return line(grown.text, endOf(grown));
  }
  const events = new EventStream(reply, 'lines');
  await streamed(service, events, 'ollama', async () => {
    const grown = await grow((piece) => events.send(line(piece, { done: false })));
    events.send(line('', endOf(grown)));
    events.close();
  });
  return reply;
}

/** Durations are in nanoseconds. */
function endOf({ finishReason, seconds, secondsToFirstToken, promptTokens, tokens }: Grown): object {
  const nanoseconds = (time: number) => Math.max(1, Math.round(1e9 * time));
  return {
    done: true,
    done_reason: finishReason === 'length' ? 'length' : 'stop',
    total_duration: nanoseconds(seconds),
    load_duration: 0,
    prompt_eval_count: promptTokens,
    prompt_eval_duration: nanoseconds(secondsToFirstToken),
    eval_count: tokens,
    eval_duration: nanoseconds(seconds - secondsToFirstToken),
  };
}

/** `mine:latest` is `mine`. */
function named(service: Service, model: string | undefined): Served {
  return servedNamed(service, model?.replace(/:latest$/, ''));
}

function refuseUnsupported({ format, think }: ChatBody | GenerateBody): void {
  if (format) throw new FieldRefused('format', 'format is not supported; leave it out');
  if (think) throw new FieldRefused('think', 'thinking is not supported; leave it out');
}

async function samplingOf({ options: given }: ChatBody | GenerateBody, { engine }: Served) {
  const { temperature, top_k: topK, top_p: topP, min_p: minP, seed, stop } = given ?? {};
  const asMuchAsFits = async () => (engine ? (await engine.ready()).config.nPositions : null);
  const limit = given?.num_predict ?? null;
  return settingsOf({
    ...{ temperature, topK, topP, minP, seed, stop },
    repetitionPenalty: given?.repeat_penalty,
    maxNewTokens: limit !== null && limit < 1 ? await asMuchAsFits() : limit,
  });
}

async function modelOf({ engine }: Served) {
  return engine?.state.kind === 'ready' ? engine.ready() : null;
}

async function detailsOf(served: Served): Promise<object> {
  const model = await modelOf(served);
  const family = served.engine === null ? 'rules' : 'gpt2';
  return {
    ...{ parent_model: '', format: 'safetensors', family, families: [family] },
    parameter_size: model ? `${(model.parameters / 1e6).toFixed(1)}M` : '0',
    quantization_level: 'F32',
  };
}

async function tagOf(served: Served): Promise<object> {
  const model = `${served.name}:latest`;
  return {
    ...{ name: model, model, modified_at: new Date(1000 * served.since).toISOString(), size: 0 },
    digest: createHash('sha256').update(model).digest('hex'),
    details: await detailsOf(served),
  };
}

async function shown(served: Served): Promise<object> {
  const model = await modelOf(served);
  return {
    ...{ license: '', modelfile: '', parameters: '', template: '{{ .Prompt }}' },
    details: await detailsOf(served),
    model_info: {
      'general.architecture': served.engine === null ? 'rules' : 'gpt2',
      ...(model && {
        'general.parameter_count': model.parameters,
        'gpt2.context_length': model.config.nPositions,
      }),
    },
    capabilities: ['completion'],
    modified_at: new Date(1000 * served.since).toISOString(),
  };
}
