// Trains a small fresh model on data/faq.json and prints its losses. Ctrl+C saves and stops.
//   node examples/train.mjs [output folder] [steps]

import { train, UserError } from 'chatbot-train';

const [outputDir = 'results/example', steps = '40'] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  const result = await train({
    model: 'tiny',
    data: 'data/faq.json',
    outputDir,
    maxSteps: Number(steps),
    maxLength: 64,
    learningRate: 1e-3,
    signal: stop.signal,
    onProgress(progress) {
      if (progress.kind === 'plan') console.log(`${progress.plan.tokens} tokens on ${progress.plan.device}`);
      if (progress.kind === 'log') console.log(`step ${progress.step}: loss ${progress.loss.toFixed(3)}`);
      if (progress.kind === 'evaluation') console.log(`evaluation loss ${progress.evalLoss.toFixed(3)}`);
    },
  });
  if (result.savedStep === null) console.log(`stopped after step ${result.steps}`);
  else console.log(`the model is in ${result.outputDir}`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
