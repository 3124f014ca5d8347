// Options that this run, this model or this machine cannot take. src/cli/main.test.ts has the words of the command line, and
// src/config/schema.test.ts each kind of value.

import { existsSync } from 'node:fs';
import { type BadInput, goodData, testBadInputs } from './bad-input.js';

const options = (name: string, words: readonly string[], says: string): BadInput => ({
  name,
  says,
  arrange: () => words,
});

testBadInputs('usage', [
  options(
    'a sequence longer than the context',
    ['--max-length', '65'],
    "--max-length is 65, but the model's context length is 64 tokens; use --max-length 64 or less",
  ),
  options(
    'an unknown device',
    ['--device', 'gpu'],
    '--device is "gpu" on the command line, but must be auto, cpu, cuda, cuda:N, tfjs or tfjs:BACKEND',
  ),
  options(
    'a file to resume',
    ['--resume', goodData],
    "--resume: ROOT/chats.json is a file; name a run's folder or one of its checkpoints",
  ),
  options(
    'an infinite learning rate',
    ['--learning-rate', '1e400'],
    '--learning-rate is Infinity on the command line, but must be a number above 0',
  ),
  options(
    'weights that cannot be trained',
    ['--precision', 'int8'],
    '--precision is "int8" on the command line, but must be auto, fp32, bf16 or fp16; int8 weights are for chatbot-chat, because training changes weights by less than their steps',
  ),
  options(
    'no threads',
    ['--threads', '0'],
    '--threads is 0 on the command line, but must be a whole number from 1 to 1024',
  ),
]);

// What a machine with an NVIDIA driver says depends on its card; test/cuda-bad-input.heavy.test.ts has that.
const withoutDriver = existsSync('/dev/nvidiactl')
  ? []
  : [
      options(
        'CUDA',
        ['--device', 'cuda'],
        '--device cuda: no NVIDIA driver is found (libcuda.so.1): install the current NVIDIA driver (on Ubuntu: sudo ubuntu-drivers install; others: https://www.nvidia.com/drivers) and restart the machine, or use --device cpu.',
      ),
    ];

testBadInputs('device', [
  options(
    'fp16 on the CPU',
    ['--precision', 'fp16'],
    'cpu does not compute in fp16: use --precision bf16 or --precision fp32 (on CPU: MACHINE).',
  ),
  options(
    'TensorFlow.js',
    ['--device', 'tfjs:webgl'],
    "unknown TensorFlow.js backend 'webgl': use tfjs:node-gpu, tfjs:node, tfjs:wasm, tfjs:cpu, or tfjs for the best of them that is installed.",
  ),
  ...withoutDriver,
]);
