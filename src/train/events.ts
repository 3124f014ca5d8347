// What a training run tells whoever watches it: progress bar, metrics file, TensorBoard, report.

export interface SampleReply {
  readonly prompt: string;
  readonly reply: string;
  /** What the corpus has as the reply. */
  readonly reference: string;
}

/** Questions, and how many of them the model answers word for word as the data does. */
export interface ExactMatch {
  readonly exact: number;
  /** How many were asked. */
  readonly of: number;
}

/** null where nothing was asked: there are no question-answer pairs, or nobody wants to know. */
export interface ExactMatches {
  /** Of pairs that the model learns. */
  readonly trained: ExactMatch | null;
  /** Of pairs that are kept aside. */
  readonly heldOut: ExactMatch | null;
}

/** Once every `--logging-steps` optimizer steps; means are over the steps since the last one. */
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
  /** The step whose model lies in the run's folder; null where the run was interrupted. */
  readonly savedStep: number | null;
  readonly perplexity: number | null;
  /** Of the model that is saved. */
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
