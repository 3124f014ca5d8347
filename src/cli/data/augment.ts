// `chatbot-data augment`: adds dialogues to a prepared corpus. Notes go to stderr, the result to stdout.

import {
  type AugmentStageOption,
  type AugmentStageOptions,
  augmentOptions,
  augmentStageOptions,
} from '../../config/augment-options.js';
import { readConfigOf } from '../../config/file.js';
import { completeOptions, type Given, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { type Augmented, augment } from '../../prepare/augment/augment.js';
import { askedFor, augmenterOptions } from '../../prepare/augment/augmenters.js';
import { checkOutput } from '../../prepare/output-folder.js';
import { jsonLine, messageLine } from '../../quote.js';
import { openModelTokenizer } from '../../weights/open-model.js';
import { withFlags } from '../flag-names.js';
import { count } from '../format.js';
import { interruptible } from './interruptible.js';
import type { Streams } from './reading.js';

export async function augmentCommand(
  given: ReadonlyMap<string, Given>,
  streams: Streams = process,
): Promise<number> {
  const layers = [await givenByFile(given.get('config')), given];
  const stage = completeOptions(augmentStageOptions, layers as readonly GivenOptions<AugmentStageOption>[]);
  const values = completeOptions(augmenterOptions, layers);
  const { corpus, out, force, config, json, quiet, tokenizer: model, ...options } = stage;
  if (corpus === null || out === null)
    throw new UserError(
      'data-not-named',
      `name a prepared corpus and ${option('out')}, for example chatbot-data augment corpus/ --templates templates.yaml --out augmented/`,
    );
  checkOutput(out, force, [corpus]);
  const tokenizer = model === null ? undefined : await openModelTokenizer(model);
  const say = (note: string) => {
    if (!quiet) streams.stderr.write(`${messageLine(withFlags(note))}\n`);
  };
  return interruptible(
    async (signal) => {
      const augmented = await augment(corpus, out, options, values, { signal, note: say, tokenizer });
      for (const note of augmented.notes) say(note);
      print(augmented, stage, streams);
      return ExitCode.ok;
    },
    (signal) => {
      const kept = askedFor(values).flatMap(({ continuesWith }) => continuesWith ?? []);
      const hint = kept.length === 0 ? '' : `; the same command continues with ${kept.join(' and ')}`;
      say(`${signal}: stopped, nothing was written${hint}`);
    },
  );
}

function print(
  { manifest }: Augmented,
  { out, json }: Pick<AugmentStageOptions, 'out' | 'json'>,
  streams: Streams,
): void {
  const { made = {} } = manifest.augmentations?.at(-1) ?? {};
  const { train, eval: evaluation } = manifest.dialogues;
  const ways = Object.entries(made).map(([name, { dialogues }]) => `${count(dialogues)} by ${name}`);
  const result = json
    ? jsonLine({ out, ...manifest.dialogues, made })
    : messageLine(
        `${out}: ${count(train)} dialogues to train on (${ways.join(', ')}), ${count(evaluation)} to evaluate on`,
      );
  streams.stdout.write(`${result}\n`);
}

async function givenByFile(config: Given | undefined): Promise<ReadonlyMap<string, Given>> {
  if (typeof config?.value !== 'string') return new Map();
  return readConfigOf(config.value, { table: augmentOptions, command: 'chatbot-data augment' });
}
