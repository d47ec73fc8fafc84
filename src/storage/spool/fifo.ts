/** Number of consumed places after which the rest is moved to the front. */
const COMPACT_AT = 1024;

/** An array-based queue with constant cost per operation. */
export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The oldest item. */
  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  /** Removes the oldest item. */
  shift(): void {
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}
