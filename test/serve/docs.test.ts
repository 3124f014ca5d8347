// docs/serve.md tells of every route, metric and status, and of no other.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { statusOf } from '../../src/serve/http-error.js';
import { metricTable } from '../../src/serve/metrics.js';
import { repositoryRoot } from '../repository.js';
import { openService } from './open-service.js';

const page = readFileSync(join(repositoryRoot, 'docs/serve.md'), 'utf8');

it('names every route that the description has, and no other', async () => {
  const { app } = await openService(null);
  const { paths } = (await app.inject({ url: '/openapi.json' })).json() as {
    paths: Record<string, Record<string, unknown>>;
  };
  await app.close();
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const described = [...page.matchAll(/`((?:GET|POST) \/[^`]*)`/g)].map(([, route]) => route);
  // Files and pages for people are not in the description, and one model is a part of the list.
  const others = ['GET /docs', 'GET /openapi.json'];
  assert.deepEqual(
    [...new Set(described)].sort(),
    [...routes.filter((route) => !route.includes('{')), ...others].sort(),
  );
});

it('names every metric and status, and no other', () => {
  const metrics = [...page.matchAll(/^\| `chatbot_(\w+)` \| (.*?) \| (.*?) \|$/gm)].map(
    ([, name, labels, help]) => [name, labels, help],
  );
  assert.deepEqual(
    metrics,
    Object.entries(metricTable).map(([name, { labels, help }]) => [
      name,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]),
  );
  const statuses = new Set([...page.matchAll(/^\| (\d{3}) \|/gm)].map(([, status]) => Number(status)));
  // Keys, host names, bodies of fastify, and bugs have no UserError.
  assert.deepEqual([...statuses].sort(), [...new Set([...Object.values(statusOf), 401, 403, 413])].sort());
});
