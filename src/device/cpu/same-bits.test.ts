// The kernels as this processor runs them; same-bits.heavy.test.ts has those of other instruction sets.

import { describeSameBits } from '../../../test/device/same-bits.js';

describeSameBits("the processor's own instructions");
