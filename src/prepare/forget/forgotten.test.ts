// The list of forgotten speakers, and preparing into a folder that has one.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions } from '../../config/schema.js';
import type { Dialogue } from '../../corpus/dialogue.js';
import { keptSourcesName } from '../../corpus/prepared/prepared-files.js';
import { prepare } from '../prepare.js';
import { ruleOptions } from '../rules.js';
import { pseudonymKey, pseudonymOf } from '../sensitive/pseudonym.js';
import { Forgotten, forgottenText, withForgotten } from './forgotten.js';

const root = mkdtempSync(join(tmpdir(), 'forgotten-'));
after(() => rmSync(root, { recursive: true }));

let corpora = 0;
function corpusOf(name: string, key: { redactKey: string | null; seed: number }) {
  const out = join(root, `corpus-${corpora++}`);
  const groups = withForgotten([], { speakers: [pseudonymOf(pseudonymKey(key), name)], customers: [] }, key);
  return {
    out,
    text: forgottenText(groups),
    write: (path: string) => writeFileSync(path, forgottenText(groups)),
  };
}

const dialogueOf = (...speakers: readonly string[]): Dialogue => ({
  turns: speakers.map((speaker) => ({ text: 'Hi', supervised: true, speaker })),
  source: 'chats:1',
});

function optionsOf(changed: Readonly<Record<string, unknown>> = {}) {
  const given = new Map(
    Object.entries({ evalRatio: 0, ...changed }).map(([key, value]) => [key, { value, where: 'in a test' }]),
  );
  return completeOptions(stageOptions, [given as never]);
}

it('recognizes who is forgotten in any spelling, and under an alias', async () => {
  const { out, write, text } = corpusOf('Bob', { redactKey: null, seed: 42 });
  await prepare([chat()], out, optionsOf(), completeOptions(ruleOptions, []));
  write(join(out, 'forgotten.json'));
  assert.doesNotMatch(text, /bob/i);
  const forgotten = Forgotten.of(out, { redactKey: null, seed: 7, alias: ['Bob=Robert'] });
  assert.ok(forgotten);
  for (const name of ['Bob', 'bob', '~ BOB', 'Robert'])
    assert.equal(forgotten.takesPartIn(dialogueOf('Ann', name)), true, name);
  assert.equal(forgotten.takesPartIn(dialogueOf('Ann', 'Bobby')), false);
});

it('keeps dialogues of the forgotten out when the corpus is prepared again', async () => {
  const { out, write } = corpusOf('Bob', { redactKey: null, seed: 42 });
  const options = optionsOf({ redact: 'name' });
  await prepare([chat()], out, options, completeOptions(ruleOptions, []));
  write(join(out, 'forgotten.json'));
  writeFileSync(join(out, 'models.jsonl'), '{}\n');
  const { manifest } = await prepare([chat()], out, options, completeOptions(ruleOptions, []));
  assert.deepEqual(manifest.dialogues, { train: 1, eval: 0 });
  assert.deepEqual(manifest.rules.forget?.dropped, { 'somebody who takes part was forgotten': 1 });
  assert.ok(existsSync(join(out, 'models.jsonl')) && existsSync(join(out, 'forgotten.json')));
  const names = readdirSync(out).filter((name) => name !== keptSourcesName);
  const all = names.map((name) => {
    const bytes = readFileSync(join(out, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  });
  assert.doesNotMatch(all.join('\n'), /parcel/);
  // Others still mention the forgotten.
  assert.match(all.join('\n'), /Did \[NAME\] call/);
});

it('needs the secret that the corpus had', () => {
  const secret = join(root, 'secret.txt');
  writeFileSync(secret, 'a long random text');
  const { write } = corpusOf('Bob', { redactKey: secret, seed: 42 });
  write(join(root, 'forgotten.json'));
  const options = { redactKey: null, seed: 42, alias: [] };
  assert.throws(() => Forgotten.of(root, options), /secret that the corpus had/);
  assert.ok(Forgotten.of(root, { ...options, redactKey: secret })?.takesPartIn(dialogueOf('Bob')));
});

it('refuses a damaged list', () => {
  const { out } = corpusOf('Bob', { redactKey: null, seed: 42 });
  writeFileSync(join(root, 'forgotten.json'), '{"groups": 1}');
  assert.throws(() => Forgotten.of(root, { redactKey: null, seed: 42, alias: [] }), {
    code: 'prepared-corpus-damaged',
  });
  assert.equal(Forgotten.of(out, { redactKey: null, seed: 42, alias: [] }), undefined);
});

function chat(): string {
  const path = join(root, 'chats.jsonl');
  const said = (name: string, content: string) => ({ role: 'user', name, content });
  const dialogues = [
    [said('Ann', 'Where is the parcel?'), said('Bob', 'At the door')],
    [said('Ann', 'Did Bob call?'), said('Cara', 'Not today')],
  ];
  writeFileSync(path, dialogues.map((messages) => `${JSON.stringify({ messages })}\n`).join(''));
  return path;
}
