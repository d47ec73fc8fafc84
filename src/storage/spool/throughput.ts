const SLOT_MS = 5_000;
const SLOTS = 12;

/** Average bytes per second over the last minute. */
export class Throughput {
  readonly #bytes = new Float64Array(SLOTS);
  /** Number of the current slot since the Unix epoch. */
  #slot = 0;

  /** @param nowMs ms since the Unix epoch */
  add(bytes: number, nowMs: number): void {
    this.#moveTo(nowMs);
    this.#bytes[this.#slot % SLOTS]! += bytes;
  }

  /** @param nowMs ms since the Unix epoch */
  bytesPerSecond(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#bytes.reduce((sum, bytes) => sum + bytes, 0) / ((SLOTS * SLOT_MS) / 1000);
  }

  #moveTo(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    const first = Math.max(this.#slot + 1, slot - SLOTS + 1);
    for (let at = first; at <= slot; at++) this.#bytes[at % SLOTS] = 0;
    this.#slot = Math.max(this.#slot, slot);
  }
}
