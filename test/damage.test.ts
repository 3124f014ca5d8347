// Damages a saved checkpoint: every flipped bit, truncated file and missing file is detected before training starts.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { UserError } from '../src/errors.js';
import { Random } from '../src/random.js';
import { checkCheckpoint } from '../src/train/checkpoint.js';
import { makeTinyCorpus, makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const flipsPerFile = 40;
const root = scratchFolder('damage');
const folder = join(root, 'run');
const checkpoint = join(folder, 'checkpoint-2');
let files: readonly string[] = [];

before(async () => {
  const model = makeTinyModel(join(root, 'model'));
  const data = makeTinyCorpus(join(root, 'chats.json'));
  const words = ['--model', model, '--data', data, '--output-dir', folder, '--max-length', '32'];
  const { code, stderr } = await trainHere([...words, '--max-steps', '2', '--eval-ratio', '0']);
  assert.equal(code, 0, stderr);
  files = readdirSync(checkpoint);
});

/** The file named in the error about the damaged checkpoint, and its problem. */
function complaint(): string {
  try {
    checkCheckpoint(checkpoint);
  } catch (thrown) {
    assert.ok(thrown instanceof UserError, String(thrown));
    return thrown.message;
  }
  return 'nothing';
}

/** Changes a file, checks the checkpoint, and restores the file. */
function complaintAfter(name: string, damage: (whole: Buffer) => Uint8Array): string {
  const path = join(checkpoint, name);
  const whole = readFileSync(path);
  writeFileSync(path, damage(Buffer.from(whole)));
  const said = complaint();
  writeFileSync(path, whole);
  return said;
}

describe('a check of a checkpoint', () => {
  test('accepts an undamaged one', () => {
    for (const name of ['model.safetensors', 'optimizer.safetensors', 'trainer_state.json', 'vocab.json'])
      assert.ok(files.includes(name), name);
    assert.equal(complaint(), 'nothing');
  });

  test(`detects ${flipsPerFile} flipped bits in each file, one at a time`, () => {
    const random = new Random(17, 0);
    for (const name of files)
      for (let flip = 0; flip < flipsPerFile; flip++) {
        const said = complaintAfter(name, (bytes) => {
          const at = random.next() % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (random.next() % 8));
          return bytes;
        });
        assert.notEqual(said, 'nothing', `flip ${flip} in ${name}`);
        assert.ok(said.startsWith(checkpoint), said);
      }
  });

  test('detects files that are truncated, empty or longer', () => {
    for (const name of files)
      for (const damage of [
        (bytes: Buffer) => bytes.subarray(0, -1),
        () => new Uint8Array(0),
        (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')]),
      ])
        assert.notEqual(complaintAfter(name, damage), 'nothing', name);
  });

  test('detects missing files', () => {
    for (const name of files.filter((file) => file !== 'SHA256SUMS')) {
      const path = join(checkpoint, name);
      const whole = readFileSync(path);
      rmSync(path);
      assert.equal(complaint(), `${path} is missing`);
      writeFileSync(path, whole);
    }
  });

  test('detects a list of checksums without the weights', () => {
    const said = complaintAfter('SHA256SUMS', (bytes) =>
      Buffer.from(bytes.toString().replace(/^.* {2}model\.safetensors\n/m, '')),
    );
    assert.match(said, /SHA256SUMS is damaged: it does not list model\.safetensors$/);
  });

  test('without checksums, as in earlier versions, detects files that do not fit together', () => {
    const earlier = join(root, 'earlier');
    cpSync(checkpoint, earlier, { recursive: true });
    rmSync(join(earlier, 'SHA256SUMS'));
    checkCheckpoint(earlier);
    const optimizer = join(earlier, 'optimizer.safetensors');
    writeFileSync(optimizer, readFileSync(optimizer).subarray(0, -100));
    assert.throws(() => checkCheckpoint(earlier), /optimizer\.safetensors is damaged/);
  });
});
