// An answer that is streamed. What fails before its first piece has a status, as where nothing is streamed; what fails later is
// its last piece, in the words of its API.

import type { EventStream } from './event-stream.js';
import { type Dialect, errorBody, httpFault, openAiError } from './http-error.js';
import type { Service } from './service.js';

export async function streamed(
  { report }: Service,
  events: EventStream,
  dialect: Dialect,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!events.opened) throw thrown;
    const fault = httpFault(thrown);
    if (fault.code === 'unexpected') report(thrown);
    events.send(dialect === 'own' ? openAiError(fault) : errorBody(dialect, fault));
    events.close();
  }
}
