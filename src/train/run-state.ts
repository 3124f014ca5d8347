// Where a run stands: everything beside weights and moments that a checkpoint must hold for the run to go on bit for
// bit. Random numbers need no state of their own: they are functions of the seed and these counters.

import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { messageOf, UserError } from '../errors.js';

const loss = z.number().nullable();

const schema = z.object({
  /** Optimizer steps done. */
  global_step: z.int().min(0),
  epoch: z.number().min(0),
  /** Updates that AdamW's moments have seen; fewer than global_step where steps were skipped. */
  updates: z.int().min(0),
  /** The step after which the evaluation set was last measured; -1: never. */
  evaluated_step: z.int().min(-1),
  starting_eval_loss: loss,
  last_eval_loss: loss,
  best_eval_loss: loss,
  best_step: z.int().nullable(),
  evaluations_without_improvement: z.int().min(0),
  stopped_early: z.boolean(),
  /** Sums of the steps' losses since the run began, and since the last logged step (at `logged_updates`). */
  train_loss_sum: z.number(),
  logged_updates: z.int().min(0),
  loss_sum_since_logged: z.number(),
  tokens: z.number().min(0),
  supervised_tokens: z.number().min(0),
  training_seconds: z.number().min(0),
  /** Steps in a row whose loss or gradient was not finite. */
  broken_steps: z.int().min(0),
  /** In fp16 the gradients' scale and for how many updates it has held. */
  loss_scale: z
    .object({ scale: z.number().positive(), updates: z.int().min(0) })
    .nullable()
    .default(null),
  /** Of the encoded training data and what orders it. */
  data_fingerprint: z.string(),
});

export type RunState = z.infer<typeof schema>;

export const stateFileName = 'trainer_state.json';

export function freshState(dataFingerprint: string): RunState {
  return {
    global_step: 0,
    epoch: 0,
    updates: 0,
    evaluated_step: -1,
    starting_eval_loss: null,
    last_eval_loss: null,
    best_eval_loss: null,
    best_step: null,
    evaluations_without_improvement: 0,
    stopped_early: false,
    train_loss_sum: 0,
    logged_updates: 0,
    loss_sum_since_logged: 0,
    tokens: 0,
    supervised_tokens: 0,
    training_seconds: 0,
    broken_steps: 0,
    loss_scale: null,
    data_fingerprint: dataFingerprint,
  };
}

/** @throws UserError (model) when the file is missing, damaged or not of this program. */
export function readState(path: string): RunState {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new UserError(
      'checkpoint-damaged',
      `cannot resume: ${path} is missing or damaged (${messageOf(cause)})`,
      {
        cause,
      },
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') || 'the file';
  throw new UserError(
    'checkpoint-damaged',
    `cannot resume: ${path} was not written by chatbot-train (${where}: ${issue?.message ?? 'unreadable'})`,
  );
}
