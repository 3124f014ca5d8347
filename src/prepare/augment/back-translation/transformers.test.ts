// With a tiny Marian model that translates word by word (scripts/make-marian-folder.py). The package is large, so the checkout does
// not install it; .ci/run puts it into .transformers/.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { repositoryRoot } from '../../../../test/repository.js';
import { UserError } from '../../../errors.js';
import { findPackage } from '../../../files/installed-package.js';
import { transformersPackage } from '../../../weights/transformers-library.js';
import { openTranslators } from './open-translators.js';
import { transformersTranslator } from './transformers.js';

const marian = join(repositoryRoot, 'test/goldens/marian');
const besides = join(
  repositoryRoot,
  '.transformers/node_modules',
  transformersPackage,
  'dist/transformers.node.mjs',
);
const library = findPackage(transformersPackage) ?? (existsSync(besides) ? besides : undefined);
const skip =
  library === undefined &&
  `needs ${transformersPackage} (npm install --prefix .transformers --ignore-scripts ${transformersPackage}@4.3.2)`;

const scratch = mkdtempSync(join(tmpdir(), 'marian-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let copies = 0;
function copy(): string {
  const folder = join(scratch, String(copies++));
  cpSync(marian, folder, { recursive: true });
  return folder;
}

const direction = { from: 'en', to: 'es' };
const { signal } = new AbortController();
const open = (folder: string) => transformersTranslator({ folder, direction, library: library ?? null });

async function refuses(answer: Promise<unknown>, code: string, pattern: RegExp): Promise<void> {
  await assert.rejects(answer, (thrown) => {
    assert.ok(thrown instanceof UserError, String(thrown));
    assert.equal(thrown.code, code);
    assert.match(thrown.message, pattern);
    return true;
  });
}

describe('a translation model', () => {
  it('gives the same tokens as in PyTorch, greedily, although its folder asks for beams', {
    skip,
  }, async () => {
    const goldens: { texts: { text: string; translation: string }[] } = JSON.parse(
      readFileSync(join(marian, 'goldens.json'), 'utf8'),
    );
    const translator = await open(marian);
    const translations = await translator.translate(
      goldens.texts.map(({ text }) => text),
      signal,
    );
    await translator.close();
    // Every word is one token. Transformers.js leaves out spaces before punctuation.
    const words = (text: string) => text.replace(/ ([?.!,])/g, '$1');
    assert.deepEqual(
      translations,
      goldens.texts.map(({ translation }) => words(translation)),
    );
    assert.equal(translator.isMultilingual, false);
  });

  it('serves both ways if it is named for both, and is refused for the way back otherwise', {
    skip,
  }, async () => {
    const directions = { there: direction, back: { from: 'es', to: 'en' } };
    const openBoth = (back: string | null) =>
      openTranslators(
        { directions, translator: { kind: 'model', there: marian, back }, timeout: 60 },
        () => {},
        library,
      );
    const { there, back } = await openBoth(marian);
    const between = await there.translate(['where is my order ?'], signal);
    assert.deepEqual(between, ['donde esta mi pedido?']);
    assert.deepEqual(await back.translate(['donde esta mi pedido ?'], signal), ['where is my purchase?']);
    await there.close();
    await back.close();
    await refuses(openBoth(null), 'options-conflict', /translates one way only; add translateBackModel/);
  });

  it('stops when the run stops', { skip }, async () => {
    const translator = await open(marian);
    await assert.rejects(translator.translate(['hello'], AbortSignal.abort(new Error('stopped'))), /stopped/);
    await translator.close();
  });

  it('that is damaged is refused in one sentence', { skip }, async () => {
    const folder = copy();
    writeFileSync(join(folder, 'onnx/encoder_model.onnx'), 'not a model');
    await refuses(open(folder), 'translator-unusable', /cannot load the translation model .*\(.+\)$/);
  });
});

describe('without loading anything', () => {
  it('a folder that lacks a file is refused', async () => {
    for (const name of ['config.json', 'tokenizer.json', 'onnx/decoder_model_merged.onnx']) {
      const folder = copy();
      renameSync(join(folder, name), join(folder, 'away'));
      await refuses(
        transformersTranslator({ folder, direction, library: null }),
        'model-incomplete',
        new RegExp(`has no ${name}.*Xenova/opus-mt-en-es`),
      );
    }
  });

  it('an original opus-mt folder is refused with the way to a converted one', async () => {
    const folder = copy();
    renameSync(join(folder, 'tokenizer.json'), join(folder, 'source.spm'));
    await refuses(
      open(folder),
      'model-incomplete',
      /the original opus-mt folders are not enough: use a converted one/,
    );
  });

  it('a missing package is named with the command that installs it', async () => {
    await refuses(
      transformersTranslator({ folder: marian, direction, library: null }),
      'package-missing',
      /npm install @huggingface\/transformers@4\.3\.2/,
    );
  });
});
