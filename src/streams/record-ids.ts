/**
 * Identifiers of one stream's records: the Unix second at which each was asked for or began, in ten
 * digits, as Liveman takes them, made unique within the stream.
 */
export class RecordIds {
  readonly #nowMs: () => number;
  /** Second of the latest record that took one. */
  #taken = 0;
  /** Second of the present record, or the one the next record would have. */
  #last = 0;
  #state: 'taken' | 'foreseen' | 'told' = 'taken';

  /** @param nowMs the clock, ms since the Unix epoch */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The identifier of the present record, or of the next one where it was foreseen or told. */
  get current(): string {
    return String(this.#last).padStart(10, '0');
  }

  /** A next record may come: it has an identifier to show, and another one when it begins, if nobody was told. */
  foresee(): void {
    if (this.#state === 'taken') this.#choose('foreseen');
  }

  /** The identifier of the next record, which it will have whenever it begins. */
  tell(): string {
    if (this.#state !== 'told') this.#choose('told');
    return this.current;
  }

  /** The identifier for a record that begins. */
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
