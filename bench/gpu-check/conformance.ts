// Runs the conformance suite on this machine's card, driver and libraries, in the precision that
// CHATBOT_TRAIN_TEST_PRECISION names; in half precision also with tensors aligned as tensor cores and fused epilogues
// require. CHATBOT_TRAIN_TEST_PART names one part of it, so that a slow part cannot hide the others. Its name is not that
// of a test file, because `npm test` runs the same suite on the emulated card.

import { selectDevice } from '../../src/device/select.js';
import { describeDevice } from '../../test/device/conformance.js';
import { precisionOf } from '../measure.js';
import { conformanceParts } from './situation.js';

const { CHATBOT_TRAIN_TEST_DEVICE = 'cuda', CHATBOT_TRAIN_TEST_PRECISION = 'fp32' } = process.env;
const precision = precisionOf(CHATBOT_TRAIN_TEST_PRECISION);
const part = conformanceParts.find((known) => known === process.env.CHATBOT_TRAIN_TEST_PART);
const create = () => selectDevice(CHATBOT_TRAIN_TEST_DEVICE);

describeDevice(CHATBOT_TRAIN_TEST_DEVICE, create, precision, { part });
if (precision !== 'fp32')
  describeDevice(`${CHATBOT_TRAIN_TEST_DEVICE}, aligned,`, create, precision, { aligned: true, part });
