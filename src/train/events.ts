// The events that a training run reports: to the progress bar, the metrics file, TensorBoard and the HTML report.

export interface SampleReply {
  readonly prompt: string;
  readonly reply: string;
  /** The reply in the corpus. */
  readonly reference: string;
}

/** How many questions the model answers word for word as in the data. */
export interface ExactMatch {
  readonly exact: number;
  /** How many questions were asked. */
  readonly of: number;
}

/** null where nothing was asked: the data has no question-answer pairs, or the measurement is switched off. */
export interface ExactMatches {
  /** Pairs of the training data. */
  readonly trained: ExactMatch | null;
  /** Pairs of the evaluation data. */
  readonly heldOut: ExactMatch | null;
}

/** Reported every `--logging-steps` optimizer steps; means are over the steps since the previous event. */
export interface StepEvent {
  readonly kind: 'step';
  readonly step: number;
  /** Fraction of epochs done, as in the Trainer: 1.5 is the middle of the second. */
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  readonly supervisedTokensPerSecond: number;
}

export interface EvaluationEvent {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly epoch: number;
  readonly evalLoss: number;
  /** exp(evalLoss). */
  readonly perplexity: number;
  readonly seconds: number;
  /** Whether this is the lowest evaluation loss of the run so far. */
  readonly best: boolean;
  readonly samples: readonly SampleReply[];
  readonly exactMatch: ExactMatches;
}

export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly step: number;
  readonly folder: string;
}

export type TrainingEvent = StepEvent | EvaluationEvent | CheckpointEvent;

export interface TrainingSummary {
  readonly steps: number;
  readonly epochs: number;
  readonly trainLoss: number;
  /** Before the first step. */
  readonly startingEvalLoss: number | null;
  readonly evalLoss: number | null;
  readonly bestEvalLoss: number | null;
  readonly bestStep: number | null;
  /** The step of the model at the top of the run's folder; null when the run was interrupted. */
  readonly savedStep: number | null;
  readonly perplexity: number | null;
  /** Measured on the saved model. */
  readonly exactMatch: ExactMatches;
  readonly tokensPerSecond: number;
  readonly supervisedTokensPerSecond: number;
  readonly peakMemoryBytes: number;
  readonly device: string;
  readonly precision: string;
  readonly outputDir: string;
  readonly stoppedEarly: boolean;
  readonly seconds: number;
}
