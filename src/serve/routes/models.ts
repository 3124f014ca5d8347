// GET /v1/models, as OpenAI's API has it.

import type { FastifyInstance } from 'fastify';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import type { Served, Service } from '../service.js';

/**
 * @param name null or undefined: the first.
 * @throws UserError (model-not-found) that names those that there are.
 */
export function servedNamed({ served }: Service, name: string | null | undefined): Served {
  if (name === null || name === undefined) return served[0];
  const found = served.find((one) => one.name === name);
  if (found) return found;
  const names = served.map((one) => one.name).join(', ');
  throw new UserError('model-not-found', `there is no model ${quoted(name)}; there is ${names}`);
}

export function addModelRoutes(app: FastifyInstance, service: Service): void {
  const shown = ({ name, since }: Served) => ({
    id: name,
    object: 'model',
    created: since,
    owned_by: 'chatbot-serve',
  });
  const schema = (summary: string) => ({ tags: ['openai'], summary });
  app.get('/v1/models', { schema: schema('The models') }, async () => ({
    object: 'list',
    data: service.served.map(shown),
  }));
  app.get<{ Params: { '*': string } }>('/v1/models/*', { schema: schema('One model') }, async ({ params }) =>
    shown(servedNamed(service, params['*'])),
  );
}
