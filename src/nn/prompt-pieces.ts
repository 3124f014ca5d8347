// How the prompt of a slot is cut into passes, so that its bits do not depend on what the cache holds already. Pieces end at
// multiples of the chunk, counted from position 0. Where the device rounds a row the same way in passes of any size (`least`
// rows or more), every position of a prompt can be kept; elsewhere whole chunks only. It knows nothing of tensors.

import type { Device } from '../device/device.js';

export interface Piece {
  /** The first position that is computed; it may be kept already, where a piece alone would be too short. */
  readonly from: number;
  readonly to: number;
}

export class PromptPieces {
  /** Pieces have at least so many rows, unless the whole prompt is shorter. */
  private readonly least: number;
  /** What is kept of a prompt is a multiple of this. */
  private readonly grain: number;

  constructor(
    { steadyRows }: Pick<Device, 'steadyRows'>,
    readonly chunk: number,
  ) {
    const range = steadyRows.find(({ least, most }) => least <= chunk && chunk <= most);
    this.least = range?.least ?? 1;
    this.grain = range ? 1 : chunk;
  }

  /** How many positions of a prompt, of which `filled` were read, may serve a later prompt. */
  lasting(prompt: number, filled = prompt): number {
    return prompt < this.least ? 0 : filled - (filled % this.grain);
  }

  /** @param shared how many of a prompt's first tokens are lasting in a slot. @returns how many of them need not be read. */
  kept(prompt: number, shared: number): number {
    if (prompt < this.least) return 0;
    // The last token is read again, because its logits are needed.
    const most = Math.min(shared, prompt - 1);
    return most - (most % this.grain);
  }

  /** The next piece of a prompt of which `filled` positions are there. */
  next(prompt: number, filled: number): Piece {
    const to = Math.min(prompt, filled - (filled % this.chunk) + this.chunk);
    return { from: Math.max(0, Math.min(filled, to - this.least)), to };
  }
}
