// Transfers to and from the card. An upload returns once its bytes are in page-locked memory. The card fetches them in
// a separate stream while it computes; a quick on-card copy in the main stream then puts them into place. So a batch
// never waits for the host, and its transfer never waits for the previous batch to release the target memory. The slots
// form a ring; a slot is free again once its bytes are in place.

import type { CardContext } from './card-context.js';
import type { HostMemory } from './driver.js';
import type { Event, Stream } from './streams.js';

const slots = 32;
const slotBytes = 256 * 1024;
/** Largest fetch without waiting; larger ones are downloaded at once. */
const landingBytes = 4096;
const landings = 64;

interface Slot {
  readonly bytes: Uint8Array;
  /** Recorded when the card is done with the slot's bytes, or has delivered them. */
  readonly done: Event;
}

interface UploadSlot extends Slot {
  /** On the card, as large as `bytes`. */
  readonly address: number;
  /** Recorded when the bytes are on the card. */
  readonly fetched: Event;
}

/** Bytes in flight from the card. */
export interface Landing {
  ready(): boolean;
  /** Valid until the next call of this module. */
  wait(): Uint8Array;
}

export class Staging {
  readonly #memory: HostMemory;
  /** The stream in which uploads reach the card. */
  readonly #fetching: Stream;
  readonly #slots: readonly UploadSlot[];
  /** Target of a download. It is read before the next download begins. */
  readonly #landing: Uint8Array;
  readonly #landings: Slot[];
  #next = 0;

  /** @param allocate allocates card memory that is never freed */
  constructor(
    readonly context: CardContext,
    allocate: (bytes: number) => number,
  ) {
    const { driver } = context;
    const ring = allocate(slots * slotBytes);
    const all = (slots + 1) * slotBytes;
    this.#memory = driver.allocHost(all + landings * landingBytes);
    const part = (at: number, size: number) => new Uint8Array(this.#memory.bytes, at, size);
    const slotAt = (at: number, size: number) => ({
      bytes: part(at, size),
      done: driver.streams.createEvent(),
    });
    this.#fetching = driver.streams.create();
    this.#slots = Array.from({ length: slots }, (_, at) => ({
      ...slotAt(at * slotBytes, slotBytes),
      address: ring + at * slotBytes,
      fetched: driver.streams.createEvent(),
    }));
    this.#landing = part(slots * slotBytes, slotBytes);
    this.#landings = Array.from({ length: landings }, (_, at) =>
      slotAt(all + at * landingBytes, landingBytes),
    );
  }

  /** Has read the source when it returns. Waits for the card only if the ring is full. */
  upload(target: number, source: ArrayBufferView): void {
    const { driver, stream } = this.context;
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    for (let from = 0; from < bytes.length; from += slotBytes) {
      const piece = bytes.subarray(from, from + slotBytes);
      const slot = this.#nextSlot();
      driver.streams.synchronizeEvent(slot.done);
      slot.bytes.set(piece);
      driver.copyToDevice(slot.address, slot.bytes.subarray(0, piece.length), this.#fetching);
      driver.streams.recordEvent(slot.fetched, this.#fetching);
      driver.streams.awaitEvent(stream, slot.fetched);
      driver.copyOnDevice(target + from, slot.address, piece.length, stream);
      driver.streams.recordEvent(slot.done, stream);
    }
  }

  /** Waits for all queued work. Large downloads go straight to the target; the driver splits them. */
  download(target: ArrayBufferView, source: number): void {
    const { driver, stream } = this.context;
    const landing = target.byteLength <= slotBytes ? this.#landing.subarray(0, target.byteLength) : target;
    driver.copyToHost(landing, source, stream);
    driver.streams.synchronize(stream);
    if (landing !== target)
      new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(
        new Uint8Array(landing.buffer, landing.byteOffset, landing.byteLength),
      );
  }

  /** The bytes as they are once all queued work is done; undefined if the caller must use `download`. */
  fetch(source: number, size: number): Landing | undefined {
    const slot = size <= landingBytes ? this.#landings.pop() : undefined;
    if (slot === undefined) return undefined;
    const { driver, stream } = this.context;
    const bytes = slot.bytes.subarray(0, size);
    driver.copyToHost(bytes, source, stream);
    driver.streams.recordEvent(slot.done, stream);
    return {
      ready: () => driver.streams.happened(slot.done),
      wait: () => {
        driver.streams.synchronizeEvent(slot.done);
        this.#landings.push(slot);
        return bytes;
      },
    };
  }

  dispose(): void {
    const { driver } = this.context;
    for (const { done } of [...this.#slots, ...this.#landings]) driver.streams.destroyEvent(done);
    for (const { fetched } of this.#slots) driver.streams.destroyEvent(fetched);
    driver.streams.destroy(this.#fetching);
    driver.freeHost(this.#memory);
  }

  #nextSlot(): UploadSlot {
    const slot = this.#slots[this.#next];
    if (slot === undefined) throw new RangeError(`no slot ${this.#next}`);
    this.#next = (this.#next + 1) % slots;
    return slot;
  }
}
