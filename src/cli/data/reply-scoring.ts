// Opens the model of --suspicious on the device that the options choose, and shows how far it has read.

import { compileNote, fallbackNote, resolveWeightPrecision, selectDevice } from '../../device/select.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { option } from '../../option-names.js';
import {
  openReplyScorer,
  type ReplyScorer,
  type ScoringProgress,
} from '../../prepare/suspicious/reply-scorer.js';
import { messageLine, oneLine } from '../../quote.js';
import { refuseUnfinishedRun } from '../../train/unfinished-run.js';
import { withFlags } from '../flag-names.js';
import { count } from '../format.js';
import type { Streams } from './reading.js';

export interface ScoringOptions {
  readonly suspicious: string | null;
  readonly device: string;
  readonly threads: number | null;
  readonly quiet: boolean;
}

/**
 * @param work gets undefined if no model was named. The model is closed when it ends.
 * @throws UserError (usage, model or device) when the model cannot be opened.
 */
export async function withScorer<Result>(
  { suspicious, device: name, threads, quiet }: ScoringOptions,
  { stderr }: Streams,
  work: (scoring: { scorer: ReplyScorer; progress: ScoringProgress } | undefined) => Promise<Result>,
): Promise<Result> {
  if (suspicious === null) return work(undefined);
  refuseUnfinishedRun(suspicious, 'name');
  const note = (text: string) => {
    if (!quiet) stderr.write(`${messageLine(withFlags(text))}\n`);
  };
  const device = await selectDevice(name, {
    threads: threads ?? undefined,
    onCompile: (what) => note(compileNote(what)),
    onFallback: (left, why) => note(fallbackNote(left, why)),
  });
  try {
    const progress = quiet ? () => {} : scoringProgress(stderr);
    const scorer = await openReplyScorer(suspicious, {
      device,
      weights: resolveWeightPrecision(device, 'auto'),
      onNote: note,
      onDownload: downloadProgress(note),
    });
    note(`${option('suspicious')} ranks the replies on ${device.description}`);
    return await work({ scorer, progress });
  } finally {
    device.dispose();
  }
}

/** Options of ranking without a model that ranks. */
export function refuseUnusedShare({
  suspicious,
  dropSuspicious,
}: {
  readonly suspicious: string | null;
  readonly dropSuspicious: number;
}): void {
  if (suspicious !== null || dropSuspicious === 0) return;
  throw new UserError(
    'options-conflict',
    `${option('dropSuspicious')} needs a trained model that ranks the replies; name it with ${option('suspicious')}`,
  );
}

/** One line for each file. */
function downloadProgress(note: (text: string) => void) {
  let shown = '';
  return (file: string, _done: number, total: number) => {
    if (file === shown) return;
    shown = file;
    note(`downloading ${oneLine(file)}${total > 0 ? ` (${formatBytes(total)})` : ''}`);
  };
}

const millisecondsBetweenLines = 10_000;

/** In a terminal a line that changes, elsewhere a line now and then. */
function scoringProgress(stream: NodeJS.WritableStream): ScoringProgress {
  const isTerminal = 'isTTY' in stream && stream.isTTY === true;
  let last = performance.now();
  return (done, total) => {
    const isEnd = done === total;
    const now = performance.now();
    if (now - last < (isTerminal ? 100 : millisecondsBetweenLines) && !(isTerminal && isEnd)) return;
    last = now;
    const text = `ranking replies: ${count(done)} of ${count(total)} dialogues`;
    stream.write(isTerminal ? (isEnd ? '\r\u001b[K' : `\r\u001b[K${text}`) : `${text}\n`);
  };
}
