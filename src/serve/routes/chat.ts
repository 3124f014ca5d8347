// POST /chat: a message, and the reply as one object or as events. Its errors are worded as FastAPI words them.

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { EventStream, goneSignal } from '../event-stream.js';
import type { Service } from '../service.js';
import { streamed } from '../streamed.js';
import type { Message } from '../talks.js';

const id = z.string().min(1).max(200);

export function chatBody(maxText: number) {
  return z.object({
    text: z.string().min(1).max(maxText).describe('What the user says.'),
    user: id.optional().describe('Who speaks; facts are remembered for them.'),
    conversation: id
      .optional()
      .describe('The conversation of an earlier reply. Without it, a new one begins.'),
    style: z.string().max(100).optional(),
    replaces: id.optional().describe('The id of the last reply, which this message asks another one for.'),
    stream: z.boolean().default(false).describe('Server-sent events instead of one object.'),
  });
}

const response = z.object({
  response: z.string(),
  id: z.string(),
  conversation: z.string(),
  source: z.string(),
  model: z.string(),
});

export function addChatRoute(app: FastifyInstance, service: Service): void {
  const { maxText, served } = service;
  const [{ talks }] = served;
  const body = chatBody(maxText);
  const schema = { body, response: { 200: response }, tags: ['chat'], summary: 'Say something' };
  app.post('/chat', { schema }, async (request, reply) => {
    const { text, stream, user, conversation, replaces } = request.body as z.infer<typeof body>;
    const message: Message = {
      text,
      user: user ?? null,
      conversation: conversation ?? null,
      replaces: replaces ?? null,
    };
    const signal = goneSignal(reply);
    if (!stream) return talks.reply(message, signal);
    const events = new EventStream(reply);
    await streamed(service, events, 'own', async () => {
      const whole = await talks.reply(
        message,
        signal,
        (ids) => events.send(ids),
        (piece) => events.send({ piece }),
      );
      events.send(whole);
      events.end();
    });
    return reply;
  });
}
