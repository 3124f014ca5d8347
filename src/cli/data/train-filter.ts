// `chatbot-data train-filter`: makes the filter that `prepare --drop-unsafe --unsafe-filter` uses.

import { type FilterOption, filterOptions } from '../../config/filter-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { refuseExisting } from '../../files/new-file.js';
import { option } from '../../option-names.js';
import { labelledTexts } from '../../prepare/unsafe/labelled-file.js';
import { writtenFilter } from '../../prepare/unsafe/linear-filter.js';
import { trainFilter } from '../../prepare/unsafe/train-filter.js';
import { jsonLine, messageLine } from '../../quote.js';
import { count } from '../format.js';
import type { Streams } from './reading.js';

export async function trainFilterCommand(
  given: GivenOptions<FilterOption>,
  streams: Streams = process,
): Promise<number> {
  const { labelled, out, force, seed, json } = completeOptions(filterOptions, [given]);
  if (labelled === null || out === null)
    throw new UserError(
      'data-not-named',
      `name labelled texts and ${option('out')}, for example chatbot-data train-filter labelled.jsonl --out filter.json`,
    );
  refuseExisting(out, force);
  const texts = labelledTexts(labelled);
  const { filter, held } = trainFilter(texts, seed);
  writeFileAtomic(out, writtenFilter(filter));
  const share = (value: number | null) => (value === null ? 'unknown' : value.toFixed(3));
  const measure = `precision ${share(held.precision)}, recall ${share(held.recall)} on ${count(held.texts)} texts set aside`;
  const line = json
    ? jsonLine({ out, texts: texts.length, held })
    : messageLine(`${out}: learned from ${count(texts.length - held.texts)} texts; ${measure}`);
  streams.stdout.write(`${line}\n`);
  return ExitCode.ok;
}
