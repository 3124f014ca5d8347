// The program: it serves a bot, says where, stops at a signal, and refuses what it cannot do in one sentence.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, it } from 'node:test';
import { readConfigOf } from '../../src/config/file.js';
import { completeOptions } from '../../src/config/schema.js';
import { serveOptions } from '../../src/config/serve-options.js';
import { serve } from '../../src/serve/serve.js';
import { repositoryRoot } from '../repository.js';

const folder = mkdtempSync(join(tmpdir(), 'chatbot-serve-'));
const bot = join(folder, 'bot.yaml');
writeFileSync(bot, 'rules:\n  hours:\n    text: opening hours\n    answer: From 9 to 6.\n');
after(() => rmSync(folder, { recursive: true }));

const program = join(repositoryRoot, 'dist/src/cli/serve/main.js');

function start(...words: string[]): ChildProcess {
  return spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The end of a program that should not start. */
async function refused(...words: string[]): Promise<{ code: number; message: string }> {
  const child = start(...words);
  const message = child.stderr ? await text(child.stderr) : '';
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  return { code, message };
}

it('serves a bot until it is told to stop, and only one on a port', async () => {
  const child = start('--rules', bot, '--port', '0');
  const [address] = await once(createInterface({ input: child.stdout ?? process.stdin }), 'line');
  const answer = await fetch(`${address}/chat`, { method: 'POST', body: '{"text":"opening hours"}' });
  const { response, source } = (await answer.json()) as { response: string; source: string };
  assert.deepEqual([response, source], ['From 9 to 6.', 'rules: hours']);
  const taken = await refused('--rules', bot, '--port', new URL(address).port);
  assert.equal(taken.code, 5);
  assert.match(taken.message, /another program uses it; choose another --port/);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

it('reads the example of a config, and offers metrics at another port', async () => {
  const example = await readConfigOf(join(repositoryRoot, 'configs/serve.example.yaml'), {
    ...{ table: serveOptions, command: 'chatbot-serve' },
  });
  const options = completeOptions(serveOptions, [example]);
  assert.deepEqual([options.models.length, options.apiKey.length, options.docs], [2, 3, false]);
  const service = await serve(
    { ...completeOptions(serveOptions, []), rules: [bot], port: 0, metricsPort: 0 },
    { note: () => {}, report: () => {} },
  );
  assert.equal((await fetch(`${service.address}/metrics`)).status, 404);
  const measured = await fetch(`${service.metricsAddress}/metrics`);
  assert.match(await measured.text(), /^# HELP chatbot_/m);
  await service.stop();
});

it('says in one sentence why it does not start', async () => {
  const none = await refused('--port', '0');
  assert.deepEqual([none.code, /nobody answers/.test(none.message)], [2, true]);
  const open = await refused('--rules', bot, '--host', '0.0.0.0', '--port', '0');
  assert.deepEqual([open.code, /add --api-key, or --insecure/.test(open.message)], [2, true]);
  const missing = await refused('--rules', join(folder, 'none.db'), '--port', '0');
  assert.equal(missing.code, 2);
});
