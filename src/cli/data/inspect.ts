// `chatbot-data inspect`: what conversations hold. Files and what was left out of them go to stderr, the figures to stdout.

import { resolve } from 'node:path';
import { type InspectOption, type InspectOptions, inspectOptions } from '../../config/data-options.js';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import type { Lengths } from '../../corpus/inspect/histogram.js';
import { Languages } from '../../corpus/inspect/language.js';
import {
  CorpusStatistics,
  type SpeakerStatistics,
  type Statistics,
} from '../../corpus/inspect/statistics.js';
import type { CorpusSummary } from '../../corpus/summary.js';
import { TrainingText } from '../../corpus/training-text.js';
import { ExitCode, UserError } from '../../errors.js';
import { NewFile, refuseExisting } from '../../files/new-file.js';
import { openTokenizer } from '../../library/tokenizer.js';
import { option } from '../../option-names.js';
import type { CorpusSurvey } from '../../prepare/inspect/survey.js';
import { PreparedStore } from '../../prepare/prepared-store.js';
import { ruleOptions } from '../../prepare/rules.js';
import { rankReplies } from '../../prepare/suspicious/suspicion.js';
import { jsonLine, messageLine, oneLine } from '../../quote.js';
import { withFlags } from '../flag-names.js';
import { count } from '../format.js';
import { headerText } from '../progress.js';
import { readPaths, type Streams } from './reading.js';
import { withScorer } from './reply-scoring.js';
import { dayOf, speakerJson } from './speakers.js';
import { commandFor, surveyJson } from './survey-json.js';
import { suspicionJson, suspicionText } from './suspicion-text.js';

export async function inspectCommand(
  given: GivenOptions<InspectOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(inspectOptions, [given]);
  checkPage(options);
  const text = options.model === null ? null : new TrainingText(await openTokenizer(options.model));
  const languages = options.languages ? await Languages.load() : null;
  const statistics = new CorpusStatistics({
    tokensOf: text && ((turn) => text.encode(turn).ids.length),
    languageOf: languages && ((dialogue) => languages.of(dialogue)),
    lossOn: 'auto',
  });
  const found = await withScorer(options, streams, async (scoring) => {
    const read = new PreparedStore();
    const summary = readPaths(options, 'chatbot-data inspect chats/', streams, (dialogue) => {
      statistics.see(dialogue);
      if (scoring) read.push({ id: '', dialogue, changedBy: [] });
    });
    const ranked = scoring && (await rankReplies(read, scoring.scorer, options.top, scoring.progress));
    read.release();
    return { summary, suspicion: ranked?.suspicion };
  });
  const { summary, suspicion } = found;
  const result = statistics.result();
  const survey = await surveyed(options, streams);
  if (languages?.isComplete === false && !options.quiet)
    streams.stderr.write(
      'only languages with scripts of their own are told apart; npm install eld knows others\n',
    );
  streams.stdout.write(
    options.json
      ? `${jsonLine({
          ...inspectJson(summary, result),
          ...(survey && surveyJson(survey)),
          ...(suspicion && { suspicious: suspicionJson(suspicion) }),
        })}\n`
      : inspectText(summary, result) + (suspicion ? suspicionText(suspicion) : ''),
  );
  if (survey && options.html !== null) {
    const { renderInspection } = await import('../../prepare/inspect/page.js');
    const { paths, showSensitive } = options;
    const command = commandFor(paths, given);
    const page = { paths, summary, statistics: result, survey, suspicion, showSensitive, command };
    const file = new NewFile(options.html, options.force);
    file.write(renderInspection(page));
    file.commit();
    if (!options.quiet) streams.stderr.write(`${messageLine(`${options.html} shows the details`)}\n`);
  }
  return ExitCode.ok;
}

/** @throws UserError (usage) before any work if the page cannot be put there. */
function checkPage({ html, force, paths, showSensitive }: InspectOptions): void {
  if (html === null) {
    if (!showSensitive && !force) return;
    throw new UserError(
      'options-conflict',
      `${option(showSensitive ? 'showSensitive' : 'force', true)} has no effect without ${option('html')}; add it`,
    );
  }
  refuseExisting(html, force);
  if (paths.some((path) => resolve(path) === resolve(html)))
    throw new UserError('output-exists', `${html} is read and cannot be replaced; name another file`);
}

async function surveyed(options: InspectOptions, { stderr }: Streams): Promise<CorpusSurvey | undefined> {
  if (options.html === null) return undefined;
  const { surveySources } = await import('../../prepare/inspect/survey.js');
  const survey = await surveySources(options.paths, {
    reading: options,
    values: completeOptions(ruleOptions, []),
    nearThreshold: stageOptions.nearThreshold.default,
    phoneRegions: stageOptions.phoneRegions.default,
    showSensitive: options.showSensitive,
    stage: (text) => {
      if (!options.quiet) stderr.write(`${text}\n`);
    },
  });
  return { ...survey, refused: survey.refused.map(withFlags) };
}

const mostListed = 8;

function inspectText(summary: CorpusSummary, result: Statistics): string {
  const { lengths, unit } = result;
  const lines: [string, string][] = [
    ['formats', formatsText(summary)],
    ['dialogues', dialoguesText(result)],
    ['text', sizeText(result)],
    ['speakers', speakersText(result)],
  ];
  if (result.languages !== null)
    lines.push([
      'languages',
      listed(result.languages.map(([language, dialogues]) => `${language} ${count(dialogues)}`)),
    ]);
  if (result.firstTime !== null && result.lastTime !== null)
    lines.push(['time', `${dayOf(result.firstTime)} to ${dayOf(result.lastTime)}`]);
  if (lengths !== null) lines.push(['lengths', lengthsText(lengths, unit)]);
  return headerText(lines) + (lengths === null ? '' : barsText(lengths, unit));
}

function formatsText({ files }: CorpusSummary): string {
  const formats = new Map<string, number>();
  for (const { format } of files) formats.set(format, (formats.get(format) ?? 0) + 1);
  return listed(
    [...formats].map(([format, number]) => `${format} (${number === 1 ? '1 file' : `${number} files`})`),
  );
}

function dialoguesText({ dialogues, turns, learntTurns }: Statistics): string {
  const each = dialogues === 0 ? 0 : turns / dialogues;
  return `${count(dialogues)} with ${count(turns)} turns (${each.toFixed(1)} each), of which training learns ${count(learntTurns)}`;
}

function sizeText({ tokens, words, characters }: Statistics): string {
  const inWords = `${count(words)} words (each Chinese or Japanese character is one), ${count(characters)} characters`;
  return tokens === null
    ? `${inWords}; --model NAME counts tokens`
    : `${count(tokens)} tokens with the ends of turns, ${inWords}`;
}

function speakersText({ speakers, turns, hasMoreSpeakers }: Statistics): string {
  const named = speakers.map(
    (speaker) => `${speakerName(speaker)} ${Math.round((100 * speaker.turns) / turns)}%`,
  );
  return listed(hasMoreSpeakers ? [...named, 'and others'] : named);
}

export function speakerName({ name, role, id }: SpeakerStatistics): string {
  return oneLine(name ?? role ?? id ?? 'not named', 40);
}

function listed(words: readonly string[]): string {
  const more = words.length - mostListed;
  return more > 0 ? `${words.slice(0, mostListed).join(', ')} and ${count(more)} more` : words.join(', ');
}

function lengthsText({ shortest, median, p95, longest }: Lengths, unit: string): string {
  return `of dialogues in ${unit}: shortest ${count(shortest)}, median ${count(median)}, 95% up to ${count(p95)}, longest ${count(longest)}`;
}

const longestBar = 40;

function barsText({ histogram }: Lengths, unit: string): string {
  const most = Math.max(...histogram.map((bar) => bar.count));
  const rows = histogram.map(({ from, to, count: number }) => ({
    range: from === to ? count(from) : `${count(from)}-${count(to)}`,
    bar: '#'.repeat(number === 0 ? 0 : Math.max(1, Math.round((longestBar * number) / most))),
    number: count(number),
  }));
  const width = Math.max(unit.length, ...rows.map(({ range }) => range.length));
  const digits = Math.max('dialogues'.length, ...rows.map(({ number }) => number.length));
  const head = `${unit.padStart(width)}  ${'dialogues'.padStart(digits)}`;
  const lines = rows.map(
    ({ range, bar, number }) => `${range.padStart(width)}  ${number.padStart(digits)}  ${bar}`,
  );
  return `\n${[head, ...lines.map((line) => line.trimEnd())].join('\n')}\n`;
}

function inspectJson({ files, skippedFiles }: CorpusSummary, result: Statistics): object {
  return {
    files: files.map(({ path, format, dialogues, turns, records, bad, skipped, remarks, unusedFields }) => ({
      path,
      format,
      dialogues,
      turns,
      records,
      unreadable: bad,
      skipped,
      remarks: Object.fromEntries(remarks),
      unused_fields: unusedFields,
    })),
    skipped_files: skippedFiles,
    dialogues: result.dialogues,
    turns: result.turns,
    learned_turns: result.learntTurns,
    words: result.words,
    characters: result.characters,
    tokens: result.tokens,
    lengths: result.lengths && { unit: result.unit, ...result.lengths },
    speakers: result.speakers.map(speakerJson),
    languages: result.languages && Object.fromEntries(result.languages),
    first_time: isoOf(result.firstTime),
    last_time: isoOf(result.lastTime),
  };
}

function isoOf(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
