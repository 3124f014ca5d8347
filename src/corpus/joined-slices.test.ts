import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFiles } from '../../test/written-files.js';
import { readCorpus } from './read-corpus.js';
import { summaryLines } from './summary.js';

const slice = (id: string, texts: readonly string[], more: object = {}) => ({
  id,
  ...more,
  conversations: texts.map((value, index) => ({ from: index % 2 === 0 ? 'human' : 'gpt', value })),
});

const read = (records: readonly object[]) =>
  withFiles({ 'slices.json': JSON.stringify(records) }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, 'slices.json')]);
    return {
      talk: dialogues.map(({ turns }) => turns.map(({ text }) => text).join(' ')),
      said: summaryLines(summary).join('\n'),
    };
  });

describe('slices of a conversation', () => {
  it('are joined if each is numbered by its first message', () => {
    const { talk, said } = read([
      slice('QWxY12z_0', ['a', 'b', 'c', 'd']),
      slice('QWxY12z_4', ['e', 'f']),
      slice('QWxY12z_6', ['g', 'h']),
      slice('other7x_0', ['i', 'j']),
    ]);
    assert.deepEqual(talk, ['a b c d e f g h', 'i j']);
    assert.match(said, /2 slices of a longer conversation joined with the slice before, as their ids say/);
  });

  it('are joined if they are numbered one by one', () => {
    assert.deepEqual(
      read([slice('abc_0', ['a', 'b']), slice('abc_1', ['c', 'd']), slice('def_0', ['e', 'f'])]).talk,
      ['a b c d', 'e f'],
    );
  });

  it('stay apart if a slice between them is missing, or if they say different things about themselves', () => {
    assert.deepEqual(read([slice('abc_0', ['a', 'b']), slice('abc_8', ['c', 'd'])]).talk, ['a b', 'c d']);
    const rated = [slice('abc_0', ['a', 'b']), slice('abc_2', ['c', 'd'], { label: false })];
    assert.deepEqual(read(rated).talk, ['a b', 'c d']);
  });

  it('are not what records are that are only numbered', () => {
    for (const name of ['identity', 'train', 'my-conv', 'user', 'dialogue'])
      assert.equal(
        read([0, 1, 2].map((index) => slice(`${name}_${index}`, ['a', 'b']))).talk.length,
        3,
        name,
      );
    const many = Array.from({ length: 100 }, (_, index) => slice(`xyz_${index}`, [`q${index}`, 'b']));
    const { talk, said } = read([...many, slice('abc_0', ['c', 'd']), slice('abc_2', ['e', 'f'])]);
    assert.deepEqual(talk, [...many.map((_, index) => `q${index} b`), 'c d e f']);
    assert.match(said, /1 slice of a longer conversation/);
  });
});
