/** Remembers the last keys added: at least the given number, at most twice as many. */
export class RecentKeys {
  readonly #atLeast: number;
  #now = new Set<string>();
  #before = new Set<string>();

  constructor(atLeast: number) {
    this.#atLeast = atLeast;
  }

  add(key: string): void {
    this.#now.add(key);
    if (this.#now.size < this.#atLeast) return;
    this.#before = this.#now;
    this.#now = new Set();
  }

  has(key: string): boolean {
    return this.#now.has(key) || this.#before.has(key);
  }
}
