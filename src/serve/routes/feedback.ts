// POST /v1/feedback: how good a reply was. What is given last counts.

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import type { Feedback } from '../chat-protocol.js';
import type { Service } from '../service.js';

const stars = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]);

export function addFeedbackRoute(app: FastifyInstance, { served, maxText }: Service): void {
  const body = z.object({
    id: z.string().min(1).max(200).describe('The id of the reply.'),
    rating: z.union([z.enum(['up', 'down']), stars]),
    comment: z.string().max(maxText).optional(),
    better_reply: z.string().max(maxText).optional().describe('What the bot should have said.'),
  });
  const schema = { body, tags: ['chat'], summary: 'Rate a reply' };
  app.post('/v1/feedback', { schema }, async (request) => {
    const feedback = request.body as Feedback;
    let unknown: unknown;
    for (const { talks } of served)
      try {
        await talks.feedback(feedback);
        return { id: feedback.id, rating: feedback.rating };
      } catch (thrown) {
        if (!(thrown instanceof UserError) || thrown.code !== 'reply-unknown') throw thrown;
        unknown = thrown;
      }
    throw unknown;
  });
}
