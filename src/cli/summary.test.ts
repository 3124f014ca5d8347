import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrainingSummary } from '../train/events.js';
import { interruptionText, summaryJson, summaryText } from './summary.js';

const unmeasured: TrainingSummary = {
  steps: 1200,
  epochs: 1.5,
  trainLoss: 2.5,
  startingEvalLoss: null,
  evalLoss: null,
  bestEvalLoss: null,
  bestStep: null,
  savedStep: 2,
  perplexity: null,
  exactMatch: { trained: null, heldOut: null },
  tokensPerSecond: 1500,
  supervisedTokensPerSecond: 900,
  peakMemoryBytes: 480e6,
  device: 'cpu',
  precision: 'fp32',
  outputDir: 'results/my run',
  stoppedEarly: false,
  seconds: 3725,
};

test('without an evaluation set nothing is said of a best model', () => {
  assert.equal(
    summaryText(unmeasured, false),
    `Trained 1,200 steps (1.5 epochs) in 1h 02m.
Training loss 2.500, 1,500 tokens/s, peak memory 480 MB.

The model is in results/my run.
  to talk to it:    npx chatbot-chat 'results/my run'
  from Python:      AutoModelForCausalLM.from_pretrained("results/my run")
`,
  );
});

test('an early stop says why', () => {
  assert.match(
    summaryText({ ...unmeasured, stoppedEarly: true }, false),
    /stopped early because the evaluation loss no longer improved/,
  );
});

test('the share of exact answers stands in both results', () => {
  const asked = {
    ...unmeasured,
    exactMatch: { trained: { exact: 449, of: 541 }, heldOut: { exact: 3, of: 60 } },
  };
  assert.match(
    summaryText(asked, false),
    /^Answered word for word as in the data: 82% of 541 trained questions, 5% of 60 held-out ones\.$/m,
  );
  assert.match(
    summaryJson(asked),
    /"train_exact_match":0\.829\d*,"train_questions":541,"eval_exact_match":0\.05,/,
  );
});

test('a reversed model is not one to talk to', () => {
  assert.match(summaryText(unmeasured, true), /npx chatbot-chat MODEL --mmi 'results\/my run'$/m);
});

test('the command that goes on can be pasted into a shell', () => {
  assert.match(interruptionText(unmeasured), / --output-dir 'results\/my run' --resume /);
});

test('a run stopped before its first step does not claim to have saved', () => {
  assert.match(
    interruptionText({ ...unmeasured, steps: 0 }),
    /^Stopped before the first step; there was nothing to save\.\n$/,
  );
});

test('JSON has null for what was not measured or is not a number', () => {
  const line = summaryJson({ ...unmeasured, trainLoss: Number.NaN });
  assert.match(line, /"train_loss":null,"eval_loss":null/);
  assert.doesNotMatch(line, /\n/);
});
