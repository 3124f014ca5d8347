// `chatbot-data download`: lists the public corpora that are known, or downloads one. Licence and size are shown first, and a
// person is asked.

import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type PublicCorpus, publicCorpora } from '../../collect/corpora.js';
import { askForSizes, downloadCorpus } from '../../collect/download.js';
import { type DownloadSource, type DownloadWatcher, downloadLimits } from '../../collect/file-download.js';
import { clock } from '../../collect/page.js';
import { type DownloadOption, type DownloadOptions, downloadOptions } from '../../config/data-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { option } from '../../option-names.js';
import { jsonLine, messageLine, quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { proxiesOf } from '../../weights/hub-access.js';
import { fetchThrough } from '../../weights/hub-fetch.js';
import { withFlags } from '../flag-names.js';
import { interruptible } from './interruptible.js';

export interface DownloadTerminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export async function downloadCommand(
  given: GivenOptions<DownloadOption>,
  terminal: DownloadTerminal = process,
  corpora: readonly PublicCorpus[] = publicCorpora,
): Promise<number> {
  const options = completeOptions(downloadOptions, [given]);
  if (options.name === null) {
    terminal.stdout.write(options.json ? `${jsonLine(corpora.map(described))}\n` : listText(corpora));
    return ExitCode.ok;
  }
  const corpus = corpusNamed(options.name, corpora);
  const folder = options.out ?? join('corpora', corpus.name);
  const say = (text: string) => {
    if (!options.quiet) terminal.stderr.write(`${messageLine(withFlags(text))}\n`);
  };
  return interruptible(
    async (signal) => {
      const source: DownloadSource = {
        ...clock,
        ...downloadLimits,
        fetch: await fetchThrough(proxiesOf(process.env)),
        signal,
      };
      const sizes = await askForSizes(corpus, source);
      for (const line of planLines(corpus, sizes, folder)) say(line);
      if (!options.yes && !(await confirmed(terminal, signal))) {
        say('nothing was downloaded');
        return ExitCode.ok;
      }
      await downloadCorpus(corpus, folder, options.force, source, watcherOf(say));
      terminal.stdout.write(resultText(corpus, folder, options));
      return ExitCode.ok;
    },
    (name) => say(`${name}: stopped; the same command continues from here`),
  );
}

function corpusNamed(name: string, corpora: readonly PublicCorpus[]): PublicCorpus {
  const corpus = corpora.find((one) => one.name === name);
  if (corpus !== undefined) return corpus;
  const near = nearest(
    name,
    corpora.map((one) => one.name),
  );
  const hint = near === undefined ? 'chatbot-data download lists all' : `did you mean ${near}?`;
  throw new UserError('corpus-unknown', `there is no public corpus ${quoted(name)} in the list; ${hint}`);
}

/** `9.9 MB`, `over 7.0 MB` if the size of some files is not known, `size unknown` if that of all is not. */
function sizeText(sizes: readonly (number | null)[]): string {
  const known = sizes.filter((size) => size !== null);
  const sum = known.reduce((total, size) => total + size, 0);
  if (known.length === sizes.length) return formatBytes(sum);
  return sum < 1e6 ? 'size unknown' : `over ${formatBytes(sum)}`;
}

function listText(corpora: readonly PublicCorpus[]): string {
  const rows = corpora.map(({ name, files, licence, language, title }) => ({
    cells: [name, sizeText(files.map(({ bytes }) => bytes)), language, licence],
    title,
  }));
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map(({ cells }) => (cells[column] ?? '').length)),
  );
  const lines = rows.flatMap(({ cells, title }) => [
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
    `    ${title}`,
  ]);
  return `${lines.join('\n')}\n\nTo download one: chatbot-data download ${corpora[0]?.name ?? 'NAME'}\n`;
}

function described({ name, title, language, licence, home, files }: PublicCorpus): object {
  return { name, title, language, licence, home, files };
}

function planLines(corpus: PublicCorpus, sizes: readonly (number | null)[], folder: string): string[] {
  const { title, language, licence, home, files } = corpus;
  const hosts = [...new Set(files.map(({ url }) => new URL(url).host))].join(', ');
  return [
    `corpus   ${title} (${language})`,
    `licence  ${licence}`,
    `from     ${hosts}; described at ${home}`,
    `size     ${sizeText(sizes)} in ${files.length === 1 ? '1 file' : `${files.length} files`}`,
    `to       ${folder}`,
  ];
}

/** @throws UserError (usage) if there is nobody to ask. */
async function confirmed({ stdin, stderr }: DownloadTerminal, signal: AbortSignal): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true)
    throw new UserError(
      'download-not-confirmed',
      `a download needs your consent, and there is no terminal to ask in; add ${option('yes')} if the licence suits you`,
    );
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return /^\s*y(?:es)?\s*$/i.test(await lines.question('Download it? [y/N] ', { signal }));
  } finally {
    lines.close();
  }
}

/** One line for each tenth of a file. */
function watcherOf(say: (text: string) => void): DownloadWatcher {
  let last = '';
  return {
    note: say,
    bytes(file, received, total) {
      const tenth = total === null ? Math.floor(received / 1e7) : Math.floor((10 * received) / total);
      const step = `${file} ${tenth}`;
      if (step === last) return;
      last = step;
      say(`${file}: ${formatBytes(received)}${total === null ? '' : ` of ${formatBytes(total)}`}`);
    },
  };
}

function resultText(corpus: PublicCorpus, folder: string, { json }: DownloadOptions): string {
  if (json) return `${jsonLine({ name: corpus.name, folder, licence: corpus.licence })}\n`;
  return `${messageLine(`${corpus.name} is in ${folder} (licence: ${corpus.licence})`)}\n`;
}
