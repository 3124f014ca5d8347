import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { settleOutputFolder } from './output-folder.js';
import { completeOptions } from './schema.js';
import { type TrainOptions, trainOptions } from './train-options.js';

const today = new Date(2031, 2, 4);
const options = (changes: Partial<TrainOptions>): TrainOptions => ({
  ...completeOptions(trainOptions, []),
  ...changes,
});
const folderOf = (changes: Partial<TrainOptions>, taken: readonly string[] = []) =>
  settleOutputFolder(options(changes), today, (path) => taken.includes(path)).outputDir;

test('a given folder stays as it is', () => {
  assert.equal(folderOf({ outputDir: 'results/mine' }, ['results/mine']), 'results/mine');
});

test('otherwise it is named after the model and the day', () => {
  assert.equal(folderOf({}), join('results', 'DialoGPT-small-2031-03-04'));
  assert.equal(folderOf({ model: 'tiny' }), join('results', 'tiny-2031-03-04'));
  assert.equal(folderOf({ model: './models/my chat/' }), join('results', 'my-chat-2031-03-04'));
});

test('a second run of the day gets a folder of its own', () => {
  const first = join('results', 'tiny-2031-03-04');
  assert.equal(folderOf({ model: 'tiny' }, [first, `${first}-2`]), `${first}-3`);
});

test('a resumed run goes on where its checkpoint lies', () => {
  assert.equal(folderOf({ resume: 'results/mine/checkpoint-500' }), resolve('results/mine'));
  assert.equal(folderOf({ resume: 'results/mine' }), 'results/mine');
});
