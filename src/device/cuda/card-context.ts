// What the parts of a CUDA device share: the driver with a card's context current in this thread, and the one stream that
// everything is computed in, in order.

import type { Driver, Stream } from './driver.js';

export interface CardContext {
  readonly driver: Driver;
  readonly stream: Stream;
}
