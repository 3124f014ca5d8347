// The way of data to and from the card: through page-locked memory, so that an upload returns once its bytes are copied
// there, and the card fetches them when their turn comes. A ring of slots, each free again when the card has fetched it.

import type { CardContext } from './card-context.js';
import type { Event, HostMemory } from './driver.js';

const slots = 32;
const slotBytes = 256 * 1024;

interface Slot {
  readonly bytes: Uint8Array;
  readonly fetched: Event;
}

export class Staging {
  readonly #memory: HostMemory;
  readonly #slots: readonly Slot[];
  /** Of a download: read before the next one begins. */
  readonly #landing: Uint8Array;
  #next = 0;

  constructor(readonly context: CardContext) {
    const { driver } = context;
    this.#memory = driver.allocHost((slots + 1) * slotBytes);
    const part = (at: number) => new Uint8Array(this.#memory.bytes, at * slotBytes, slotBytes);
    this.#slots = Array.from({ length: slots }, (_, at) => ({
      bytes: part(at),
      fetched: driver.createEvent(),
    }));
    this.#landing = part(slots);
  }

  /** Has read the source when it returns; waits for the card only where the ring is full. */
  upload(target: number, source: ArrayBufferView): void {
    const { driver, stream } = this.context;
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    for (let from = 0; from < bytes.length; from += slotBytes) {
      const piece = bytes.subarray(from, from + slotBytes);
      const slot = this.#turn();
      driver.synchronizeEvent(slot.fetched);
      slot.bytes.set(piece);
      driver.copyToDevice(target + from, slot.bytes.subarray(0, piece.length), stream);
      driver.recordEvent(slot.fetched, stream);
    }
  }

  /** Waits for all that was asked of the card. Large ones go straight to the target, which the driver does in pieces. */
  download(target: ArrayBufferView, source: number): void {
    const { driver, stream } = this.context;
    const landing = target.byteLength <= slotBytes ? this.#landing.subarray(0, target.byteLength) : target;
    driver.copyToHost(landing, source, stream);
    driver.synchronizeStream(stream);
    if (landing !== target)
      new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(
        new Uint8Array(landing.buffer, landing.byteOffset, landing.byteLength),
      );
  }

  dispose(): void {
    const { driver } = this.context;
    for (const { fetched } of this.#slots) driver.destroyEvent(fetched);
    driver.freeHost(this.#memory);
  }

  #turn(): Slot {
    const slot = this.#slots[this.#next];
    if (slot === undefined) throw new RangeError(`no slot ${this.#next}`);
    this.#next = (this.#next + 1) % slots;
    return slot;
  }
}
