// `chatbot-data speakers`: who speaks how much, so that one can be chosen for --learn.

import { type SpeakersOption, speakersOptions } from '../../config/data-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { CorpusStatistics, type SpeakerStatistics } from '../../corpus/inspect/statistics.js';
import { ExitCode } from '../../errors.js';
import { jsonLine, oneLine } from '../../quote.js';
import { count } from '../format.js';
import { readPaths, type Streams } from './reading.js';

export async function speakersCommand(
  given: GivenOptions<SpeakersOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(speakersOptions, [given]);
  const statistics = new CorpusStatistics({ tokensOf: null, languageOf: null, lossOn: 'auto' });
  const { chats } = readPaths(options, 'chatbot-data speakers chats/', streams, (dialogue) =>
    statistics.see(dialogue),
  );
  const { speakers } = statistics.result();
  streams.stdout.write(options.json ? `${jsonLine(speakers.map(speakerJson))}\n` : tableText(speakers));
  const [first] = speakers.filter(({ name }) => name !== null);
  // Of chats, the notes say so already.
  if (first && chats === null && !options.quiet && options.learn.length === 0)
    streams.stderr.write(
      `to learn to speak as one of them: chatbot-train --learn ${shellWord(first.name ?? '')}\n`,
    );
  return ExitCode.ok;
}

/** The day in UTC, because chats of several time zones may be read together. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

const columns: readonly (readonly [title: string, text: (speaker: SpeakerStatistics) => string])[] = [
  ['speaker', ({ name }) => (name === null ? '(not named)' : oneLine(name, 40))],
  ['id', ({ id }) => oneLine(id ?? '', 24)],
  ['role', ({ role }) => role ?? ''],
  ['turns', ({ turns }) => count(turns)],
  ['words', ({ words }) => count(words)],
  ['replies', ({ shareOfReplies }) => `${(100 * shareOfReplies).toFixed(1)}%`],
  ['first', ({ firstTime }) => (firstTime === null ? '' : dayOf(firstTime))],
  ['last', ({ lastTime }) => (lastTime === null ? '' : dayOf(lastTime))],
];

const numbers: ReadonlySet<string> = new Set(['turns', 'words', 'replies']);

/** Columns without any text are left out. */
function tableText(speakers: readonly SpeakerStatistics[]): string {
  const filled = columns
    .map(([title, text]) => ({ title, cells: speakers.map(text) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const lines = [-1, ...speakers.keys()].map((row) =>
    filled
      .map(({ title, cells }) => {
        const width = Math.max(title.length, ...cells.map((cell) => cell.length));
        const cell = row < 0 ? title : (cells[row] ?? '');
        return numbers.has(title) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

export function speakerJson(speaker: SpeakerStatistics): object {
  const { name, id, role, turns, words, replies, shareOfReplies, firstTime, lastTime } = speaker;
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  return {
    name,
    id,
    role,
    turns,
    words,
    replies,
    share_of_replies: shareOfReplies,
    first_time: iso(firstTime),
    last_time: iso(lastTime),
  };
}

function shellWord(name: string): string {
  const line = oneLine(name, 60);
  return /^[\w.@+-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
