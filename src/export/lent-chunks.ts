import { Readable, type Writable } from 'node:stream';

/**
 * A stream of chunks whose memory is used again. It is made to be piped: a chunk is handed on, and its memory
 * used for another one only when the destination says that it was written. Chunks of gigabytes that the garbage
 * collector has to find would be some 50 MB at any time.
 *
 * Who reads it otherwise gets copies.
 */
export class LentChunks extends Readable {
  readonly #chunks: AsyncGenerator<Buffer>;
  readonly #gone = Promise.withResolvers<undefined>();
  #isPiped = false;

  /** @param chunks each of them stays as it is until the one after the next is asked for */
  constructor(chunks: AsyncGenerator<Buffer>) {
    super({ highWaterMark: 0 });
    this.#chunks = chunks;
  }

  override pipe<T extends NodeJS.WritableStream>(
    destination: T,
    { end = true }: { end?: boolean } = {},
  ): T {
    this.#isPiped = true;
    this.#lend(destination as unknown as Writable, end).catch((error) => this.destroy(error));
    return destination;
  }

  override _read(): void {
    if (this.#isPiped) return;
    this.#chunks.next().then(
      ({ value }) => void this.push(value === undefined ? null : Buffer.from(value)),
      (error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#gone.resolve(undefined);
    this.#chunks.return(undefined).then(
      () => callback(error),
      (failure) => callback(error ?? failure),
    );
  }

  async #lend(destination: Writable, end: boolean): Promise<void> {
    let read = await this.#chunks.next();
    while (!read.done && !this.destroyed) {
      // One is read while the other is written.
      const [next] = await Promise.all([this.#chunks.next(), this.#write(destination, read.value)]);
      read = next;
    }
    if (this.destroyed) return;
    if (end) destination.end();
    // Who waits for its end is told.
    this.push(null);
    this.resume();
  }

  /** Resolves when the chunk was written, or nobody wants it any more. */
  async #write(destination: Writable, chunk: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    destination.write(chunk, (error) => (error ? reject(error) : resolve()));
    await Promise.race([promise, this.#gone.promise]);
  }
}
