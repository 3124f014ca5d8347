// Translates by a model in this process, through Transformers.js (@huggingface/transformers), an optional package. The model is a
// folder with ONNX files, such as the converted opus-mt models; hub-translation-model.ts downloads one. Texts are translated one
// by one and greedily, so that a translation depends on nothing but its text.

import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, UserError } from '../../../errors.js';
import { findPackage } from '../../../files/installed-package.js';
import { isRecord } from '../../../objects.js';
import { oneLine, quoted } from '../../../quote.js';
import { loadTransformers, transformersPackage } from '../../../weights/transformers-library.js';
import { type Direction, type Translator, translatorFailed } from './translator.js';

/** What a folder must have: any of each line. */
export const neededFiles: readonly (readonly string[])[] = [
  ['config.json'],
  ['tokenizer.json'],
  ['tokenizer_config.json'],
  ['onnx/encoder_model.onnx', 'onnx/encoder_model_quantized.onnx'],
  ['onnx/decoder_model_merged.onnx', 'onnx/decoder_model_merged_quantized.onnx'],
];

export interface TransformersOptions {
  readonly folder: string;
  readonly direction: Direction;
  /** The main file of the package; null if it is not installed. */
  readonly library?: string | null;
}

export interface TransformersTranslator extends Translator {
  /** Whether the model translates between any two of its languages, and not in one direction only. */
  readonly isMultilingual: boolean;
}

/** The part of the package that is used here. */
interface Pipeline {
  (texts: string, options: Record<string, unknown>): Promise<unknown>;
  readonly model: { readonly config: { readonly model_type?: unknown } };
  dispose(): Promise<unknown>;
}

/** @throws UserError (usage, model) if the package or the model cannot be loaded. */
export async function transformersTranslator({
  folder: given,
  direction,
  library = findPackage(transformersPackage) ?? null,
}: TransformersOptions): Promise<TransformersTranslator> {
  const folder = resolve(given);
  refuseIncomplete(folder);
  const pipeline = await load(folder, library);
  const isMultilingual = pipeline.model.config.model_type !== 'marian';
  const languages = isMultilingual ? { src_lang: direction.from, tgt_lang: direction.to } : {};
  return {
    name: folder,
    isMultilingual,
    identity: JSON.stringify([folder, ...stamps(folder), languages]),
    translate: async (texts, signal, keep) => {
      const translations: (string | null)[] = [];
      for (const [index, text] of texts.entries()) {
        signal.throwIfAborted();
        const translation = await translated(pipeline, text, languages, folder);
        translations.push(translation);
        if (translation !== null) keep?.(index, translation);
        // Without a pause, the program would not see that it is asked to stop.
        await new Promise(setImmediate);
      }
      return translations;
    },
    close: async () => {
      await pipeline.dispose();
    },
  };
}

function refuseIncomplete(folder: string): void {
  const missing = neededFiles.find((names) => !names.some((name) => existsSync(join(folder, name))));
  if (missing === undefined) return;
  const advice =
    missing[0] === 'tokenizer.json' && existsSync(join(folder, 'source.spm'))
      ? 'the original opus-mt folders are not enough: use a converted one, such as Xenova/opus-mt-en-es'
      : 'name a translation model that is converted for Transformers.js, such as Xenova/opus-mt-en-es';
  throw new UserError(
    'model-incomplete',
    `${folder} has no ${missing.join(' or ')}, which a translation model needs; ${advice}`,
  );
}

async function load(folder: string, main: string | null): Promise<Pipeline> {
  const library = await loadTransformers(main, 'a translation model');
  try {
    const hasFull = existsSync(join(folder, 'onnx/encoder_model.onnx'));
    return (await library.pipeline('translation', folder, {
      dtype: hasFull ? 'fp32' : 'q8',
      device: 'cpu',
    })) as Pipeline;
  } catch (thrown) {
    throw new UserError(
      'translator-unusable',
      `${transformersPackage} cannot load the translation model ${folder} (${oneLine(messageOf(thrown), 200)})`,
      { cause: thrown },
    );
  }
}

/** A translation that is longer than this for its text has gone wrong. */
function mostTokens(text: string): number {
  return Math.min(500, 24 + 2 * text.length);
}

async function translated(
  pipeline: Pipeline,
  text: string,
  languages: Record<string, unknown>,
  folder: string,
): Promise<string | null> {
  try {
    // Transformers.js has no beam search. It would ignore the number that the model's folder asks for.
    const answer = await pipeline(text, {
      num_beams: 1,
      do_sample: false,
      max_new_tokens: mostTokens(text),
      ...languages,
    });
    const [first]: unknown[] = Array.isArray(answer) ? answer : [];
    const said = isRecord(first) ? first.translation_text : undefined;
    return typeof said === 'string' && said.trim() !== '' ? said.replace(/\s+/g, ' ').trim() : null;
  } catch (thrown) {
    throw translatorFailed(
      `the translation model ${folder} fails for ${quoted(text)} (${oneLine(messageOf(thrown), 200)})`,
      thrown,
    );
  }
}

/** Sizes and times of the model's files, so that a changed model does not use the translations of another. */
function stamps(folder: string): string[] {
  return neededFiles.flat().flatMap((name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    return stats ? [`${name} ${stats.size} ${stats.mtimeMs}`] : [];
  });
}
