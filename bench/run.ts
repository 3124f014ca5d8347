// `npm run bench`: measures training and decoding on the CPU together with the usual tools. Prints each result when it is
// there and rewrites the report after each, within a time limit. `--help` lists its flags (options.ts).

import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { processorName } from '../src/device/cpu/processor.js';
import { runBenchmark } from './main.js';
import { csv } from './measurements/csv.js';
import { decoding } from './measurements/decoding.js';
import { dialogues } from './measurements/dialogues.js';
import { duplicates } from './measurements/duplicates.js';
import { json } from './measurements/json.js';
import { operations } from './measurements/operations.js';
import { preparing } from './measurements/preparing.js';
import { products } from './measurements/products.js';
import { redaction } from './measurements/redaction.js';
import { retrieval } from './measurements/retrieval.js';
import { startup } from './measurements/startup.js';
import { steps } from './measurements/steps.js';
import { tokenizing } from './measurements/tokenizing.js';
import { processorUnit } from './processor-unit.js';
import { installedPeers, type Situation } from './situation.js';

await runBenchmark<Situation>(
  {
    // The longest comes last.
    subjects: [
      ...[steps, decoding, products, operations, csv, json, tokenizing, duplicates, redaction],
      ...[preparing, retrieval, startup, dialogues],
    ],
    look(options, scratch) {
      const device = createCpuDevice({ threads: options.threads });
      const { description, precisions } = device;
      device.dispose();
      const unit = processorUnit();
      const peers = installedPeers(options.python);
      return {
        situation: { ...options, unit, precisions, peers, scratch },
        machine: { processor: processorName(), unit: unit ?? null, device: description },
      };
    },
  },
  process.argv.slice(2),
);
