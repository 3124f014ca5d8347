// The files of deploy/ agree with the program: its path, its options, its port and its grace.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { serveOptions } from '../../src/config/serve-options.js';
import { kebab } from '../../src/option-spec.js';
import { repositoryRoot } from '../repository.js';

const read = (name: string) => readFileSync(join(repositoryRoot, 'deploy', name), 'utf8');

/** The part of the Compose specification that is used; a key that it does not have is a mistake. */
const seconds = z.string().regex(/^\d+s$/);
const service = z.strictObject({
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).optional(),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.literal('ALL')).optional(),
  security_opt: z.array(z.string()).optional(),
  stop_grace_period: seconds.optional(),
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: seconds, timeout: seconds, retries: z.int() })
    .optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
});
const compose = z.strictObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.strictObject({})),
});

it('has a compose file that Compose reads, with secrets from outside', () => {
  const { services, volumes } = compose.parse(parse(read('compose.yaml')));
  for (const [name, { environment, volumes: mounts, depends_on: needed = {} }] of Object.entries(services)) {
    for (const [key, value] of Object.entries(environment))
      if (/KEY|PASSWORD/.test(key)) assert.match(value, /^\$\{\w+:\?/, `${name}: ${key}`);
    for (const mount of mounts) {
      const [from = ''] = mount.split(':');
      assert.ok(/[./]/.test(from) || from in volumes, mount);
    }
    for (const other of Object.keys(needed)) assert.ok(services[other]?.healthcheck, other);
  }
  const { command = [], stop_grace_period: stop = '' } = services.chatbot ?? {};
  const flags = command.filter((word) => word.startsWith('--'));
  const known = Object.keys(serveOptions).map((key) => `--${kebab(key)}`);
  assert.deepEqual(
    flags.filter((flag) => !known.includes(flag)),
    [],
  );
  assert.ok(Number.parseInt(stop, 10) > Number(command[command.indexOf('--grace') + 1]));
});

it('has an image that starts the program at the port that it listens on', () => {
  const dockerfile = read('Dockerfile');
  assert.ok(dockerfile.includes('"/app/dist/src/cli/serve/main.js"'));
  assert.ok(dockerfile.includes(`EXPOSE ${serveOptions.port.default}\n`));
  assert.match(dockerfile, /^USER node$/m);
});

it('has a unit that lets replies end', () => {
  const unit = read('chatbot-serve.service');
  const [, stop] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
  assert.ok(Number(stop) > serveOptions.grace.default);
  assert.match(unit, /^ExecStart=\S+\/chatbot-serve --config /m);
});
