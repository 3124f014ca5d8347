import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { expectedTensors, type GPT2Config, presetConfig } from '../nn/gpt2-config.js';
import { type AddedToken, tokenizerJson } from '../tokenizer/tokenizer-files.js';
import { saveModelFolder } from './model-folder.js';
import { openModel, openModelShape } from './open-model.js';

const scratch = mkdtempSync(join(tmpdir(), 'open-model-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const vocabulary = { vocab: new Map(['a', 'b', 'ab'].map((token, id) => [token, id])), merges: ['a b'] };
const end: AddedToken = { id: 3, content: '<|endoftext|>', special: true };
const special = (id: number, content: string): AddedToken => ({ id, content, special: true });

let folders = 0;
/** A model with `rows` embeddings and a tokenizer with these tokens in addition to "a", "b", "ab". */
function folderWith(rows: number, addedTokens: readonly AddedToken[]): string {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  const config: GPT2Config = { ...presetConfig('tiny', rows), nLayer: 1, nEmbd: 4, nPositions: 8 };
  saveModelFolder(folder, {
    config,
    tensors: expectedTensors(config).map(({ name, shape }) => ({
      name,
      shape,
      data: () => new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
    })),
    endOfText: 3,
    tokenizerFiles: new Map([['tokenizer.json', tokenizerJson(vocabulary, addedTokens)]]),
  });
  return folder;
}

function refuses(folder: string, pattern: RegExp): void {
  for (const open of [openModel, openModelShape])
    assert.throws(() => open(folder), { name: 'UserError', fault: 'model', message: pattern });
}

describe('openModel', () => {
  it('accepts an embedding with extra rows', () => {
    const { tokenizer, notes } = openModel(folderWith(7, [end, special(4, '<pad>')]));
    assert.equal(tokenizer.vocabularySize, 5);
    assert.deepEqual(notes, []);
  });

  it('leaves out special tokens without an embedding, with a note, and keeps the tokenizer files', () => {
    const folder = folderWith(4, [end, special(4, '<pad>'), special(5, '<cls>')]);
    for (const { tokenizer, notes } of [openModel(folder), openModelShape(folder)]) {
      assert.equal(tokenizer.vocabularySize, 4);
      assert.equal(tokenizer.endOfText, 3);
      assert.ok(tokenizer.encode('ab<pad><cls>').every((id) => id < 4));
      assert.match(notes.join(), /no embedding for the special tokens "<pad>", "<cls>" of its tokenizer/);
      assert.match(tokenizer.files().get('tokenizer.json') ?? '', /<pad>/);
    }
  });

  it('refuses a token without an embedding that text or the end of a turn can need', () => {
    const speaker = { ...special(4, '<speaker>'), special: false };
    refuses(folderWith(4, [end, speaker]), /has 5 tokens but its embedding only 4 rows.*resize_token_emb/);
    refuses(folderWith(4, [{ ...end, id: 4 }]), /has 5 tokens but its embedding only 4 rows/);
    refuses(folderWith(2, [end]), /has 4 tokens but its embedding only 2 rows/);
  });

  it('refuses a tokenizer behind a link that leaves the folder', () => {
    const folder = folderWith(4, [end]);
    writeFileSync(join(scratch, 'private.txt'), 'private');
    symlinkSync(join('..', 'private.txt'), join(folder, 'chat_template.jinja'));
    refuses(folder, /chat_template\.jinja is a link to a file outside its folder/);
  });
});
