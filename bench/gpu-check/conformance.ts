// The conformance suite on the card at hand, with the machine's own driver and libraries. No test file by name: `npm test`
// runs the same suite on the emulator.

import { describeDevice } from '../../src/device/conformance.js';
import { selectDevice } from '../../src/device/select.js';

describeDevice('cuda', () => selectDevice(process.env.CHATBOT_TRAIN_TEST_DEVICE ?? 'cuda'));
