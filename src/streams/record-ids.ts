/**
 * Identifiers of one stream's records: the Unix second at which a record was requested or began, as
 * ten digits, which is what Liveman expects. Unique within the stream.
 */
export class RecordIds {
  readonly #nowMs: () => number;
  /** Second of the latest record that began. */
  #taken = 0;
  /** Second of the present record, or of the planned next one. */
  #last = 0;
  #state: 'taken' | 'foreseen' | 'told' = 'taken';

  /** @param nowMs the clock, ms since the Unix epoch */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The identifier of the present record, or of the next one if that was chosen. */
  get current(): string {
    return String(this.#last).padStart(10, '0');
  }

  /**
   * Chooses an identifier for a next record that may begin, so that it can be shown. The record
   * gets a newer one when it begins, unless {@link RecordIds.tell} has promised this one to a
   * caller.
   */
  foresee(): void {
    if (this.#state === 'taken') this.#choose('foreseen');
  }

  /** Promises the identifier of the next record: the record has it whenever it begins. */
  tell(): string {
    if (this.#state !== 'told') this.#choose('told');
    return this.current;
  }

  /** Returns the identifier for a record that begins now. */
  take(): string {
    if (this.#state !== 'told') this.#choose('taken');
    this.#state = 'taken';
    this.#taken = this.#last;
    return this.current;
  }

  #choose(state: 'taken' | 'foreseen' | 'told'): void {
    this.#last = Math.max(Math.floor(this.#nowMs() / 1000), this.#taken + 1);
    this.#state = state;
  }
}
