import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { ScriptedEngine } from '../../test/serve/scripted-engine.js';
import { UserError } from '../errors.js';
import { defaultSettings } from '../generate/settings.js';
import { folderFingerprint, ReloadingEngine } from './reloading-engine.js';

const job = { prompt: [104, 105], settings: defaultSettings, fairness: '', logLikelihoods: false };
const signal = new AbortController().signal;

function reloading() {
  const opened: ScriptedEngine[] = [];
  const notes: string[] = [];
  const folder = { state: 'one' as string | null, isBroken: false };
  const engine = new ReloadingEngine('results/mine', {
    open: () => {
      const name = `I am ${folder.state}`;
      const next = new ScriptedEngine(() => name);
      if (folder.isBroken) next.ready = () => Promise.reject(new UserError('weights-invalid', 'cut off'));
      opened.push(next);
      return next;
    },
    fingerprint: () => folder.state,
    note: (text) => notes.push(text),
    patience: 1000,
  });
  const says = async () => (await engine.generate(job, () => {}, signal)).text;
  return { engine, opened, notes, folder, says };
}

it('takes a model that has changed once it changes no more, and ends what the old one has begun', async () => {
  const { engine, opened, folder, says } = reloading();
  await engine.look();
  assert.equal(opened.length, 1);
  let goOn = () => {};
  const [old = assert.fail()] = opened;
  old.pause = new Promise((resolve) => {
    goOn = resolve;
  });
  const begun = says();
  const drained = new Promise<void>((resolve) => {
    old.drain = () => begun.then(() => resolve());
  });
  folder.state = 'half of two';
  await engine.look();
  folder.state = 'two';
  await engine.look();
  assert.equal(opened.length, 1);
  const exchanged = engine.look();
  // The old one is at work while the new one answers.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await says(), 'I am two');
  goOn();
  assert.equal(await begun, 'I am one');
  await drained;
  await exchanged;
  assert.deepEqual(
    opened.map(({ closed }) => closed),
    [true, false],
  );
});

it('keeps its model when the folder is gone or cannot be loaded', async () => {
  const { engine, opened, notes, folder, says } = reloading();
  folder.state = null;
  for (let look = 0; look < 3; look++) await engine.look();
  assert.equal(opened.length, 1);
  Object.assign(folder, { state: 'broken', isBroken: true });
  for (let look = 0; look < 4; look++) await engine.look();
  assert.equal(opened.length, 2);
  assert.equal(await says(), 'I am one');
  assert.deepEqual(notes, ['results/mine has changed, but the earlier model stays: cut off']);
  Object.assign(folder, { state: 'two', isBroken: false });
  for (let look = 0; look < 2; look++) await engine.look();
  assert.equal(await says(), 'I am two');
});

it('sees that a folder has changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  const model = join(folder, 'model');
  assert.equal(folderFingerprint(model), null);
  mkdirSync(model);
  assert.equal(folderFingerprint(model), null);
  writeFileSync(join(model, 'config.json'), '{}');
  const first = folderFingerprint(model);
  assert.equal(folderFingerprint(model), first);
  writeFileSync(join(model, 'model.safetensors'), 'weights');
  assert.notEqual(folderFingerprint(model), first);
  rmSync(folder, { recursive: true });
});
