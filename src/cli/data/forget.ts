// `chatbot-data forget`: takes people out of a prepared corpus, and names the models that were trained on it.

import { existsSync } from 'node:fs';
import { type ForgetOption, forgetOptions } from '../../config/corpus-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { type TrainedModel, trainedModels } from '../../corpus/prepared/trained-models.js';
import { ExitCode, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { type Counts, type Forgetting, forget } from '../../prepare/forget/forget.js';
import { jsonLine, messageLine, quoted } from '../../quote.js';
import { modelsOf } from '../../train/models-of-corpus.js';
import { withFlags } from '../flag-names.js';
import { count } from '../format.js';
import type { Streams } from './reading.js';

/** A model that still holds what it learned. */
interface Holder {
  readonly folder: string;
  /** Null if only the results tell of it. */
  readonly date: string | null;
  /** Whether it was trained on the corpus as it was until now. Null if that is not recorded. */
  readonly isCurrent: boolean | null;
  readonly exists: boolean;
}

export async function forgetCommand(
  given: GivenOptions<ForgetOption>,
  streams: Streams = process,
): Promise<number> {
  const { corpus, models, json, quiet, ...options } = completeOptions(forgetOptions, [given]);
  const asked = options.speaker.length + options.customer.length + options.match.length;
  if (corpus === null || asked === 0)
    throw new UserError(
      'data-not-named',
      `name a prepared corpus and ${option('speaker')}, ${option('customer')} or ${option('match')}, for example chatbot-data forget corpus/ --speaker "Bob"`,
    );
  for (const text of options.match)
    if (text.trim() === '')
      throw new UserError('option-invalid', `${option('match')} is empty; name a text that dialogues hold`);
  for (const folder of models)
    if (!existsSync(folder))
      throw new UserError(
        'option-invalid',
        `${option('models')}: ${quoted(folder)} does not exist; check the path`,
      );
  const result = await forget(corpus, options);
  const holders = holdersOf(trainedModels(corpus), modelsOf(corpus, models), result);
  if (!quiet)
    for (const note of notesOf(result, holders, options.dryRun))
      streams.stderr.write(`${messageLine(withFlags(note))}\n`);
  const { forgotten, left, sources } = result;
  const line = json
    ? jsonLine({ corpus, forgotten, left, models: holders.map(holderJson), sources, dry_run: options.dryRun })
    : messageLine(
        `${corpus}: ${options.dryRun ? 'would forget' : 'forgot'} ${countsText(forgotten)}; ${count(left.train)} dialogues to train on and ${count(left.eval)} to evaluate on are left`,
      );
  streams.stdout.write(`${line}\n`);
  return ExitCode.ok;
}

function holdersOf(
  recorded: readonly TrainedModel[],
  found: readonly string[],
  { corpus }: Forgetting,
): readonly Holder[] {
  const newest = new Map<string, Holder>();
  for (const { folder, date, corpus: state } of recorded) {
    const isCurrent = state === corpus || newest.get(folder)?.isCurrent === true;
    newest.set(folder, { folder, date, isCurrent, exists: existsSync(folder) });
  }
  for (const folder of found)
    if (!newest.has(folder)) newest.set(folder, { folder, date: null, isCurrent: null, exists: true });
  return [...newest.values()];
}

function countsText({ train, eval: evaluation, rejected }: Counts): string {
  const total = train + evaluation + rejected;
  return `${count(total)} ${total === 1 ? 'dialogue' : 'dialogues'} (${count(train)} to train on, ${count(evaluation)} to evaluate on, ${count(rejected)} rejected)`;
}

const mostSources = 5;

function notesOf(
  { notes, forgotten, left, sources }: Forgetting,
  holders: readonly Holder[],
  isDry: boolean,
) {
  const total = forgotten.train + forgotten.eval + forgotten.rejected;
  const more = sources.length - mostSources;
  return [
    ...notes,
    ...(total === 0 ? ['no dialogue of the corpus is concerned any more'] : []),
    ...holders.map(holderText),
    ...(holders.length === 0
      ? [
          `no model is recorded that was trained on this corpus; ${option('models')} searches a folder of results`,
        ]
      : []),
    ...(sources.length > 0
      ? [
          `the sources still hold what was said: ${sources.slice(0, mostSources).join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`,
        ]
      : []),
    ...(left.train === 0 && !isDry ? ['nothing is left to train on'] : []),
  ];
}

function holderText({ folder, date, isCurrent, exists }: Holder): string {
  const when = date === null ? '' : ` on ${date.slice(0, 10)}`;
  const what =
    isCurrent === false
      ? 'an earlier state of this corpus and may hold what was said'
      : 'this corpus and still holds what it learned';
  return `${folder} was trained${when} on ${what}; ${exists ? 'train it again without, and delete it' : 'it is no longer there, but copies may be'}`;
}

function holderJson({ folder, date, isCurrent, exists }: Holder): object {
  return { folder, date, current: isCurrent, exists };
}
