// The golden models of goldens.test.ts on the emulated card.

import { emulatorFolder } from './cuda-emulator/build.js';

process.env.CHATBOT_TRAIN_CUDA_LIBRARIES = emulatorFolder();
process.env.CHATBOT_TRAIN_TEST_DEVICE = 'cuda';
await import('./goldens.test.js');
