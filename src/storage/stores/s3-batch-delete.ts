import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import { deleteEach } from './delete-each.ts';
import type { KeySpace } from './object-key.ts';
import { type Store, StoreError } from './store.ts';

/** Objects in one request. */
const MOST = 1000;

/** Options of a {@link BatchDelete}. */
export interface BatchDeleteOptions {
  store: Pick<Store, 'name' | 'delete'>;
  client: S3Client;
  bucket: string;
  keys: KeySpace;
  /** Makes a request, and converts its error. @throws StoreError */
  try<T>(action: string, work: () => Promise<T>): Promise<T>;
}

/** Deletes many objects of an S3 bucket with few requests, if the server knows how. */
export class BatchDelete {
  readonly #options: BatchDeleteOptions;
  /** False once the server proves not to know the request, or to want another checksum with it. */
  #isKnown = true;

  constructor(options: BatchDeleteOptions) {
    this.#options = options;
  }

  /** See {@link Store.deleteAll}. */
  async delete(all: readonly string[]): Promise<Error | undefined> {
    for (let at = 0; at < all.length; at += MOST) {
      const failure = await this.#deleteSome(all.slice(at, at + MOST));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  async #deleteSome(some: readonly string[]): Promise<Error | undefined> {
    const { store, client, bucket, keys } = this.#options;
    if (!this.#isKnown) return deleteEach(store, some);
    const Objects = some.map((key) => ({ Key: keys.full(key) }));
    const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
    try {
      const answer = await this.#options.try(`delete ${some.length} objects`, () =>
        client.send(command),
      );
      const first = answer.Errors?.find(({ Code }) => Code !== 'NoSuchKey');
      if (first === undefined) return undefined;
      const { Key, Code: code = 'Error', Message = 'refused' } = first;
      const key = Key === undefined ? 'an object' : keys.relative(Key);
      const message = `${store.name}: delete ${key}: ${Message} (${code})`;
      return new StoreError(message, { kind: 'transient', code });
    } catch (error) {
      const { kind, status } = error as StoreError;
      if (kind !== 'misconfigured' && status !== 501) return error as StoreError;
      const failure = await deleteEach(store, some);
      if (failure === undefined) this.#isKnown = false;
      return failure;
    }
  }
}
