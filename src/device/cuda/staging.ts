// The way of data to and from the card: through page-locked memory, so that an upload returns once its bytes are copied
// there, and the card fetches them when their turn comes. A ring of slots, each free again when the card has fetched it.

import type { CardContext } from './card-context.js';
import type { Event, HostMemory } from './driver.js';

const slots = 32;
const slotBytes = 256 * 1024;
/** Of numbers on their way from the card; larger ones are waited for. */
const landingBytes = 4096;
const landings = 64;

interface Slot {
  readonly bytes: Uint8Array;
  /** When the card is done with the bytes, or they are there. */
  readonly done: Event;
}

/** Bytes on their way from the card. */
export interface Landing {
  ready(): boolean;
  /** Valid until the next call of this module. */
  wait(): Uint8Array;
}

export class Staging {
  readonly #memory: HostMemory;
  readonly #slots: readonly Slot[];
  /** Of a download: read before the next one begins. */
  readonly #landing: Uint8Array;
  readonly #landings: Slot[];
  #next = 0;

  constructor(readonly context: CardContext) {
    const { driver } = context;
    const all = (slots + 1) * slotBytes;
    this.#memory = driver.allocHost(all + landings * landingBytes);
    const part = (at: number, size: number) => new Uint8Array(this.#memory.bytes, at, size);
    const slotAt = (at: number, size: number) => ({ bytes: part(at, size), done: driver.createEvent() });
    this.#slots = Array.from({ length: slots }, (_, at) => slotAt(at * slotBytes, slotBytes));
    this.#landing = part(slots * slotBytes, slotBytes);
    this.#landings = Array.from({ length: landings }, (_, at) =>
      slotAt(all + at * landingBytes, landingBytes),
    );
  }

  /** Has read the source when it returns; waits for the card only where the ring is full. */
  upload(target: number, source: ArrayBufferView): void {
    const { driver, stream } = this.context;
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    for (let from = 0; from < bytes.length; from += slotBytes) {
      const piece = bytes.subarray(from, from + slotBytes);
      const slot = this.#turn();
      driver.synchronizeEvent(slot.done);
      slot.bytes.set(piece);
      driver.copyToDevice(target + from, slot.bytes.subarray(0, piece.length), stream);
      driver.recordEvent(slot.done, stream);
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

  /** The bytes as they will be once all that was asked of the card is done; undefined where they must be waited for. */
  fetch(source: number, size: number): Landing | undefined {
    const slot = size <= landingBytes ? this.#landings.pop() : undefined;
    if (slot === undefined) return undefined;
    const { driver, stream } = this.context;
    const bytes = slot.bytes.subarray(0, size);
    driver.copyToHost(bytes, source, stream);
    driver.recordEvent(slot.done, stream);
    return {
      ready: () => driver.happened(slot.done),
      wait: () => {
        driver.synchronizeEvent(slot.done);
        this.#landings.push(slot);
        return bytes;
      },
    };
  }

  dispose(): void {
    const { driver } = this.context;
    for (const { done } of [...this.#slots, ...this.#landings]) driver.destroyEvent(done);
    driver.freeHost(this.#memory);
  }

  #turn(): Slot {
    const slot = this.#slots[this.#next];
    if (slot === undefined) throw new RangeError(`no slot ${this.#next}`);
    this.#next = (this.#next + 1) % slots;
    return slot;
  }
}
