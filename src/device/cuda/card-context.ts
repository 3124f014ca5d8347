// What the parts of a CUDA device share: a driver whose card context is current on this thread, and the one stream in
// which all work runs in order.

import type { Driver } from './driver.js';
import type { Stream } from './streams.js';

export interface CardContext {
  readonly driver: Driver;
  readonly stream: Stream;
}
