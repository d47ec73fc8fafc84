/**
 * Integers from 0 to 2^53 of which mostly all are below 2^32: they take four bytes each, and eight as soon as
 * one does not fit.
 */
export class NarrowColumn {
  #values: Uint32Array | Float64Array;

  constructor(length: number) {
    this.#values = new Uint32Array(length);
  }

  /** The numbers as they are stored. */
  get values(): Uint32Array | Float64Array {
    return this.#values;
  }

  at(place: number): number {
    return this.#values[place]!;
  }

  /** Sets a number; the place may be beyond the end. It may also be negative. */
  set(place: number, value: number): void {
    if (place >= this.#values.length) this.#resize(Math.max(this.#values.length * 2, place + 1));
    if (value !== value >>> 0) this.#widen();
    this.#values[place] = value;
  }

  /** Replaces the numbers from the first on. */
  fill(values: Uint32Array | Float64Array): void {
    if (values.length > this.#values.length) this.#resize(values.length);
    if (values instanceof Float64Array) this.#widen();
    this.#values.set(values);
  }

  /** Frees what is beyond a length. */
  trim(length: number): void {
    this.#values = this.#values.slice(0, length);
  }

  #resize(length: number): void {
    const isWide = this.#values instanceof Float64Array;
    const resized = isWide ? new Float64Array(length) : new Uint32Array(length);
    resized.set(this.#values);
    this.#values = resized;
  }

  #widen(): void {
    if (!(this.#values instanceof Float64Array)) this.#values = Float64Array.from(this.#values);
  }
}
