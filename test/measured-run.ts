// Runs a training and prints its memory in bytes: planned, resident when the plan is made, and peak resident.
// Usage: node measured-run.js '{"model": "tiny", ...}'

import { completeOptions } from '../src/config/schema.js';
import { trainOptions } from '../src/config/train-options.js';
import { totalBytes } from '../src/device/memory-plan.js';
import { startRun } from '../src/train/run.js';

const given = new Map(
  Object.entries<string | number>(JSON.parse(process.argv[2] ?? '{}')).map(([key, value]) => [
    key,
    { value, where: 'in the test' },
  ]),
);
const options = completeOptions(trainOptions, [given as never]);
const { outputDir } = options;
if (outputDir === null) throw new Error('outputDir is missing');
const measured = { planned: 0, before: 0, peak: 0 };
await startRun(
  { ...options, outputDir },
  {
    plan: ({ memory }) => {
      measured.planned = totalBytes(memory);
      measured.before = process.memoryUsage().rss;
    },
    note: () => {},
    download: () => {},
    step: () => {},
    event: () => {},
    shouldStop: () => false,
  },
);
measured.peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify(measured));
