// The public library: everything that `import ... from 'chatbot-train'` provides. This is the only file of the project that
// re-exports, because a package needs one entry point. Everything not named here may change at any time.

export type { Dialogue, Role, Turn } from './corpus/dialogue.js';
export type { LossOn } from './corpus/learnt-turns.js';
export { type Corpus, readCorpus } from './corpus/read-corpus.js';
export type { CorpusSummary, FileSummary, SkippedFile } from './corpus/summary.js';
export type { Remark, Skipped } from './corpus/tally.js';
export { type ErrorCode, ExitCode, UserError } from './errors.js';
export type { Candidate, FinishReason, Reply } from './generate/reply.js';
export {
  type ChatModel,
  type ChatModelOptions,
  openChatModel,
  type ReplyCall,
  type ReplyOptions,
} from './library/chat-model.js';
export { openTokenizer } from './library/tokenizer.js';
export {
  type LogProgress,
  planTraining,
  type TrainingHooks,
  type TrainingOptions,
  type TrainingProgress,
  type TrainingResult,
  train,
} from './library/train.js';
export type { SpelledToken, Tokenizer } from './tokenizer/tokenizer.js';
export type {
  CheckpointEvent,
  EvaluationEvent,
  ExactMatch,
  ExactMatches,
  SampleReply,
} from './train/events.js';
export type { RunPlan } from './train/plan.js';
