/**
 * Identifiers of one stream's records: the Unix second at which each was asked for, in ten digits, as
 * Liveman takes them, made unique within the stream.
 */
export class RecordIds {
  #last = 0;
  /** The last one was told to somebody, but no record has it yet. */
  #isFree = false;

  /** The identifier of the present record, or of the next one where it was reserved. */
  get current(): string {
    return String(this.#last).padStart(10, '0');
  }

  /** Chooses the identifier of the next record. */
  reserve(): void {
    if (this.#isFree) return;
    this.#last = Math.max(Math.floor(Date.now() / 1000), this.#last + 1);
    this.#isFree = true;
  }

  /** The identifier for a record that begins. */
  take(): string {
    this.reserve();
    this.#isFree = false;
    return this.current;
  }
}
