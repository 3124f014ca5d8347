// The state of a run: everything except weights and moments that a checkpoint needs to resume bit for bit. Random numbers
// need no state: they are functions of the seed and these counters.
// trainer_state.json uses snake_case names, as the Trainer does; only this file knows that.

import { dirname } from 'node:path';
import * as z from 'zod';
import { messageOf, UserError } from '../errors.js';
import { parseJson } from '../files/parse-json.js';
import { readRegularFile } from '../files/regular-file.js';
import { option } from '../option-names.js';

const loss = z.number().nullable();

const schema = z.object({
  /** Optimizer steps done. */
  globalStep: z.int().min(0),
  epoch: z.number().min(0),
  /** Updates in AdamW's moments; fewer than globalStep when steps were skipped. */
  updates: z.int().min(0),
  /** The step of the last evaluation; -1 when there was none. */
  evaluatedStep: z.int().min(-1),
  startingEvalLoss: loss,
  lastEvalLoss: loss,
  bestEvalLoss: loss,
  bestStep: z.int().nullable(),
  evaluationsWithoutImprovement: z.int().min(0),
  /** Whether the run ended before its last step because the evaluation loss stopped falling. */
  stoppedEarly: z.boolean(),
  /** Sums of the step losses since the start of the run, and since the last logged step (at `loggedUpdates`). */
  trainLossSum: z.number(),
  loggedUpdates: z.int().min(0),
  lossSumSinceLogged: z.number(),
  tokens: z.number().min(0),
  supervisedTokens: z.number().min(0),
  trainingSeconds: z.number().min(0),
  /** Steps in a row whose loss or gradient was not finite. */
  brokenSteps: z.int().min(0),
  /** fp16 only: the loss scale, and how many updates it has been in use. */
  lossScale: z
    .object({ scale: z.number().positive(), updates: z.int().min(0) })
    .nullable()
    .default(null),
  /** How the device computes what it can compute in several ways; null if it has no such choice. */
  measuredChoices: z
    .object({ madeOn: z.string(), chosen: z.record(z.string(), z.string()) })
    .nullable()
    .default(null),
  /** Identifies the encoded training data and the options that order it. */
  dataFingerprint: z.string(),
  /** Identifies the encoded evaluation data; null when there is none, or an earlier version wrote the state. */
  evaluationFingerprint: z.string().nullable().default(null),
});

export type RunState = z.infer<typeof schema>;

export const stateFileName = 'trainer_state.json';

/** Our file has about a kilobyte. The Trainer's, which is recognised by its fields, may contain a long log. */
const mostBytes = 2 ** 26;

/** Fingerprints of the training data and the evaluation data of a run. */
export interface DataFingerprints {
  readonly training: string;
  readonly evaluation: string | null;
}

export function freshState({ training, evaluation }: DataFingerprints): RunState {
  return {
    globalStep: 0,
    epoch: 0,
    updates: 0,
    evaluatedStep: -1,
    startingEvalLoss: null,
    lastEvalLoss: null,
    bestEvalLoss: null,
    bestStep: null,
    evaluationsWithoutImprovement: 0,
    stoppedEarly: false,
    trainLossSum: 0,
    loggedUpdates: 0,
    lossSumSinceLogged: 0,
    tokens: 0,
    supervisedTokens: 0,
    trainingSeconds: 0,
    brokenSteps: 0,
    lossScale: null,
    measuredChoices: null,
    dataFingerprint: training,
    evaluationFingerprint: evaluation,
  };
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The text of trainer_state.json. */
export function stateJson(state: RunState): string {
  const named = Object.entries(state).map(([name, value]) => [snakeCase(name), value]);
  return `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`;
}

/** @throws UserError (model) when the file is missing or damaged, or was written by another program. */
export function readState(path: string): RunState {
  let json: unknown;
  try {
    json = parseJson(readRegularFile(path, mostBytes).toString('utf8'));
  } catch (cause) {
    throw new UserError(
      'checkpoint-damaged',
      `cannot resume: ${path} is missing or damaged (${messageOf(cause)})`,
      {
        cause,
      },
    );
  }
  const parsed = schema.safeParse(camelCaseKeys(json));
  if (parsed.success) return parsed.data;
  if (isOfTrainer(json)) {
    const folder = dirname(path);
    throw new UserError(
      'checkpoint-foreign',
      `cannot resume: ${folder} is a checkpoint of the Hugging Face Trainer, whose optimizer state cannot be read here; use ${option('model', folder)} to start a new run with its weights`,
    );
  }
  const issue = parsed.error.issues[0];
  const where = issue?.path.map((key) => snakeCase(String(key))).join('.') || 'the file';
  throw new UserError(
    'checkpoint-foreign',
    `cannot resume: ${path} was not written by chatbot-train (${where}: ${issue?.message ?? 'unreadable'})`,
  );
}

/** The Hugging Face Trainer's file of the same name always contains its log. */
function isOfTrainer(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'log_history' in json;
}

function camelCaseKeys(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [camelCase(name), value]));
}
