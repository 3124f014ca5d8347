// The golden models on the emulated card. It computes slowly, so that each model is taken one of the two ways.

import { emulatorFolder } from './cuda-emulator/build.js';

process.env.CHATBOT_TRAIN_CUDA_LIBRARIES = emulatorFolder();
process.env.CHATBOT_TRAIN_TEST_DEVICE = 'cuda';
process.env.CHATBOT_TRAIN_TEST_WAYS = 'one';
await import('./goldens.test.js');
