// How the commands of `chatbot-data` read conversations: as training would, with the same options and the same notes.

import type { Dialogue } from '../../corpus/dialogue.js';
import { LearnedReading, type ReadLearnedOptions } from '../../corpus/read-learned.js';
import type { CorpusSummary } from '../../corpus/summary.js';
import { UserError } from '../../errors.js';
import { messageLine } from '../../quote.js';
import { withFlags } from '../flag-names.js';

export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export interface ReadingOptions extends ReadLearnedOptions {
  readonly paths: readonly string[];
  readonly quiet: boolean;
}

/**
 * Passes each dialogue to `keep` and tells on stderr what was read and what was not.
 * @param example a whole command, for the message when no path is given.
 */
export function readPaths(
  options: ReadingOptions,
  example: string,
  { stderr }: Streams,
  keep: (dialogue: Dialogue) => void,
): CorpusSummary {
  if (options.paths.length === 0)
    throw new UserError(
      'data-not-named',
      `no conversations to read; name files or folders, for example ${example}`,
    );
  const reading = new LearnedReading(options);
  const { summary, notes } = reading.read(options.paths, keep);
  const all = [...notes, ...reading.end()];
  if (!options.quiet) for (const note of all) stderr.write(`${messageLine(withFlags(note))}\n`);
  return summary;
}
