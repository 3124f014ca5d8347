// metrics.jsonl, the machine-readable log of a run: one JSON object per line for every logged step and evaluation. It does
// not know where the numbers come from. JSON has no NaN and no infinity: both are written as null and read back as NaN.
// Reading skips lines that are not metrics, such as the partial line that a killed process leaves.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { AppendFile } from '../files/append-file.js';
import { writeFileAtomic } from '../files/atomic.js';
import { parseJson } from '../files/parse-json.js';
import { readRegularFile } from '../files/regular-file.js';
import { isRecord } from '../objects.js';
import type {
  EvaluationEvent,
  ExactMatch,
  ExactMatches,
  SampleReply,
  StepEvent,
  TrainingEvent,
} from './events.js';

/** The events that are measurements; checkpoints are not. */
export type MetricEvent = StepEvent | EvaluationEvent;

export const metricsFileName = 'metrics.jsonl';

export class MetricsFile {
  readonly #file: AppendFile;

  /**
   * Opens `<folder>/metrics.jsonl`. A new run starts with an empty file. A run resumed at step N drops the lines of later
   * steps, because it trains them again.
   * @param resumedAt the last step of the checkpoint that the run resumes from; null for a new run.
   * @throws UserError (device) when the folder cannot be written to.
   */
  constructor(folder: string, resumedAt: number | null) {
    const path = join(folder, metricsFileName);
    if (existsSync(path)) keepUntil(path, resumedAt ?? Number.NEGATIVE_INFINITY);
    this.#file = new AppendFile(path);
  }

  /** @throws UserError (device) when the disk is full or not writable. */
  write(event: TrainingEvent): void {
    if (event.kind === 'checkpoint') return;
    this.#file.append(Buffer.from(`${JSON.stringify(recordOf(event))}\n`));
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * The measurements of a run in the order in which they were written; empty when the file does not exist.
 * @throws UserError (data) when the file cannot be read.
 */
export function readMetrics(path: string): MetricEvent[] {
  return existsSync(path) ? entriesOf(path).map((entry) => entry.event) : [];
}

function keepUntil(path: string, lastStep: number): void {
  const before = metricsText(path);
  const after = entriesOf(path)
    .filter(({ event }) => event.step <= lastStep)
    .map(({ line }) => `${line}\n`)
    .join('');
  if (after !== before) writeFileAtomic(path, after, statSync(path).mode & 0o777);
}

function entriesOf(path: string): { line: string; event: MetricEvent }[] {
  return metricsText(path)
    .split('\n')
    .flatMap((line) => {
      const event = parseLine(line);
      return event === null ? [] : [{ line, event }];
    });
}

/** A JavaScript string cannot hold more. */
const mostBytes = 2 ** 29 - 2 ** 16;

/** Not strictly UTF-8: a killed process may have left half a character. */
function metricsText(path: string): string {
  try {
    return readRegularFile(path, mostBytes).toString('utf8');
  } catch (thrown) {
    throw new UserError(
      'metrics-unreadable',
      `cannot read ${path} (${messageOf(thrown)}); move it away or make it readable`,
      {
        cause: thrown,
      },
    );
  }
}

/** Names as in the Hugging Face Trainer's log. */
function recordOf(event: MetricEvent): Readonly<Record<string, unknown>> {
  return event.kind === 'step'
    ? {
        step: event.step,
        epoch: event.epoch,
        loss: event.loss,
        learning_rate: event.learningRate,
        grad_norm: event.gradNorm,
        tokens_per_second: event.tokensPerSecond,
        supervised_tokens_per_second: event.supervisedTokensPerSecond,
      }
    : {
        step: event.step,
        epoch: event.epoch,
        eval_loss: event.evalLoss,
        perplexity: event.perplexity,
        seconds: event.seconds,
        best: event.best,
        ...exactMatchRecord(event.exactMatch),
        samples: event.samples,
      };
}

function parseLine(line: string): MetricEvent | null {
  const record = parseObject(line);
  if (record === null || !isStep(record.step)) return null;
  const common = { step: record.step, epoch: numberIn(record, 'epoch') };
  if ('eval_loss' in record)
    return {
      kind: 'evaluation',
      ...common,
      evalLoss: numberIn(record, 'eval_loss'),
      perplexity: numberIn(record, 'perplexity'),
      seconds: numberIn(record, 'seconds'),
      best: record.best === true,
      samples: Array.isArray(record.samples) ? record.samples.filter(isSampleReply) : [],
      exactMatch: {
        trained: exactMatchIn(record, 'train'),
        heldOut: exactMatchIn(record, 'eval'),
      },
    };
  if ('loss' in record)
    return {
      kind: 'step',
      ...common,
      loss: numberIn(record, 'loss'),
      learningRate: numberIn(record, 'learning_rate'),
      gradNorm: numberIn(record, 'grad_norm'),
      tokensPerSecond: numberIn(record, 'tokens_per_second'),
      supervisedTokensPerSecond: numberIn(record, 'supervised_tokens_per_second'),
    };
  return null;
}

/** `train_exact_match`, a share, of `train_questions`; the same with `eval_` for held-out pairs. */
export function exactMatchRecord({ trained, heldOut }: ExactMatches): Readonly<Record<string, number>> {
  return {
    ...(trained && { train_exact_match: trained.exact / trained.of, train_questions: trained.of }),
    ...(heldOut && { eval_exact_match: heldOut.exact / heldOut.of, eval_questions: heldOut.of }),
  };
}

function exactMatchIn(record: Readonly<Record<string, unknown>>, side: 'train' | 'eval'): ExactMatch | null {
  const share = numberIn(record, `${side}_exact_match`);
  const of = numberIn(record, `${side}_questions`);
  return share >= 0 && share <= 1 && of >= 1 ? { exact: Math.round(share * of), of } : null;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = parseJson(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isStep(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function numberIn(record: Readonly<Record<string, unknown>>, key: string): number {
  const value = record[key];
  return typeof value === 'number' ? value : Number.NaN;
}

function isSampleReply(value: unknown): value is SampleReply {
  return (
    isRecord(value) &&
    typeof value.prompt === 'string' &&
    typeof value.reply === 'string' &&
    typeof value.reference === 'string'
  );
}
