/**
 * Finds out to whom a datagram belongs by the address from which it came. Asked once for each
 * datagram: no key is built, and nothing is allocated.
 */
export class PeerRoutes<T> {
  readonly #byPort = new Map<number, Map<string, T>>();
  #size = 0;

  /** Number of addresses. */
  get size(): number {
    return this.#size;
  }

  /** To whom the datagrams from this address belong. */
  get(address: string, port: number): T | undefined {
    return this.#byPort.get(port)?.get(address);
  }

  /** From now on, datagrams from this address belong to `owner`. */
  set(address: string, port: number, owner: T): void {
    let byAddress = this.#byPort.get(port);
    if (byAddress === undefined) {
      byAddress = new Map();
      this.#byPort.set(port, byAddress);
    }
    if (!byAddress.has(address)) this.#size++;
    byAddress.set(address, owner);
  }

  /** Forgets an address. */
  delete(address: string, port: number): void {
    const byAddress = this.#byPort.get(port);
    if (byAddress === undefined || !byAddress.delete(address)) return;
    this.#size--;
    if (byAddress.size === 0) this.#byPort.delete(port);
  }
}
