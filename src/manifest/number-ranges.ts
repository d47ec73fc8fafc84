/** Numbers from `first` to `last`, both inclusive. */
interface Range {
  first: number;
  last: number;
}

/**
 * A set of file numbers, kept as ranges: what retention deletes of a day is one range from its
 * first number on, however many files that are.
 */
export class NumberRanges {
  /** Ascending, with a gap between any two. */
  #ranges: Range[] = [];

  /** The greatest number; 0 for an empty set. */
  get last(): number {
    return this.#ranges.at(-1)?.last ?? 0;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  has(number: number): boolean {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.last < number) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    return range !== undefined && range.first <= number;
  }

  /** Adds the numbers from `first` to `last`. */
  add(first: number, last = first): void {
    const added = { first, last };
    const before: Range[] = [];
    const after: Range[] = [];
    for (const range of this.#ranges) {
      if (range.last + 1 < added.first) before.push(range);
      else if (range.first > added.last + 1) after.push(range);
      else {
        added.first = Math.min(added.first, range.first);
        added.last = Math.max(added.last, range.last);
      }
    }
    this.#ranges = [...before, added, ...after];
  }

  /** Adds all numbers of another set. */
  addAll(other: NumberRanges): void {
    for (const { first, last } of other.#ranges) this.add(first, last);
  }

  /** All numbers, ascending. */
  *numbers(): Generator<number> {
    for (const { first, last } of this.#ranges) {
      for (let number = first; number <= last; number++) yield number;
    }
  }

  /** The ranges as text, such as `1-500 502`. */
  toString(): string {
    return this.#ranges
      .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
      .join(' ');
  }

  /** Reads what {@link toString} wrote; undefined for anything else. */
  static parse(text: string): NumberRanges | undefined {
    const ranges = new NumberRanges();
    let end = -1;
    for (const part of text.split(' ')) {
      const [, from, to = from] = /^(\d{1,12})(?:-(\d{1,12}))?$/.exec(part) ?? [];
      const [first, last] = [Number(from), Number(to)];
      if (from === undefined || first <= end + 1 || last < first) return undefined;
      ranges.#ranges.push({ first, last });
      end = last;
    }
    return ranges;
  }
}
