// The chat page and the widget: files that are read once.

import type { FastifyInstance } from 'fastify';
import { pageHeaders, readPageFiles } from '../page-files.js';
import type { Service } from '../service.js';

export async function addPageRoutes(app: FastifyInstance, { embedders }: Service): Promise<void> {
  const headers = pageHeaders(embedders);
  for (const [path, { type, body, gzipped, etag }] of await readPageFiles())
    app.get(path, { schema: { hide: true }, config: { isOpen: true } }, async (request, reply) => {
      reply.headers({ ...headers, etag, vary: 'accept-encoding' });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      const isZipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
      if (isZipped) reply.header('content-encoding', 'gzip');
      return reply.type(type).send(isZipped ? gzipped : body);
    });
}
