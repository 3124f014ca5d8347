// What a survey of conversations found, as JSON for programs, and commands that continue with the same conversations.

import { readingOptions } from '../../config/reading-options.js';
import type { GivenOptions } from '../../config/schema.js';
import { entriesOf, flagOf, kebab } from '../../option-spec.js';
import type { CorpusSurvey } from '../../prepare/inspect/survey.js';
import { ruleCounts } from '../../prepare/manifest.js';
import { messageLine } from '../../quote.js';

/** Counts only. */
export function surveyJson(survey: CorpusSurvey): object {
  const { sensitive, unsafe, unsafeDialogues, unanswered, ledger, left, duplicates, replies } = survey;
  const [most] = replies.common;
  return {
    duplicates: { exact: duplicates.exact, near: duplicates.near },
    personal_data: Object.fromEntries(sensitive.kinds),
    unsafe: { dialogues: unsafeDialogues, lists: Object.fromEntries(unsafe.kinds) },
    unanswered_questions: [...unanswered.counts.values()].reduce((sum, count) => sum + count, 0),
    replies: { learned: replies.replies, most_frequent: most?.count ?? 0 },
    prepare: { dialogues: left, rules: ruleCounts(ledger) },
  };
}

/**
 * Commands with the same paths and the same options of reading.
 * @returns a function of the command and its further options by key.
 */
export function commandFor(
  paths: readonly string[],
  given: GivenOptions<string>,
): (name: string, options?: Readonly<Record<string, string | number | true>>) => string {
  const reading = entriesOf(readingOptions).flatMap(([key]) => {
    const value = given.get(key)?.value;
    const flag = flagOf(readingOptions, key);
    return value === undefined ? [] : [value].flat().map((one) => `${flag} ${shellWord(String(one))}`);
  });
  return (name, options = {}) =>
    [
      'chatbot-data',
      name,
      ...paths.map(shellWord),
      ...(name === 'prepare' ? ['--out corpus/'] : []),
      ...reading,
      ...Object.entries(options).map(([key, value]) =>
        value === true ? `--${kebab(key)}` : `--${kebab(key)} ${shellWord(String(value))}`,
      ),
    ].join(' ');
}

/** A word as a shell reads it. */
export function shellWord(text: string): string {
  const line = messageLine(text);
  return /^[\w.@%+=:,/-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
