// The golden models on the CUDA emulator. It is slow, so each model runs either with or without gradient checkpointing.

import { emulatorFolder } from './cuda-emulator/build.js';

process.env.CHATBOT_TRAIN_CUDA_LIBRARIES = emulatorFolder();
process.env.CHATBOT_TRAIN_TEST_DEVICE = 'cuda';
process.env.CHATBOT_TRAIN_TEST_WAYS = 'one';
await import('./goldens.test.js');
