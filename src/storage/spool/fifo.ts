/** Consumed places that are worth moving the rest for. */
const COMPACT_AT = 1024;

/** A queue on an array: adding and taking cost the same however long it is. */
export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The item that was added first. */
  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  /** Takes away the item that was added first. */
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
