import { objectPath, objectPathFault } from '../../layout/object-path.ts';
import { StoreError } from './store.ts';

/** Maximum length of a key in S3 and OSS including the root, bytes of UTF-8. */
const LONGEST_KEY = 1024;

/** Keys of objects below a root in a bucket; slashes at the ends of the root are ignored. */
export class KeySpace {
  /** Root without slashes at either end; empty for the bucket itself. */
  readonly root: string;
  readonly #prefix: string;

  constructor(root: string) {
    this.root = root.replace(/^\/+|(?<!\/)\/+$/g, '');
    this.#prefix = this.root === '' ? '' : `${this.root}/`;
  }

  /**
   * The bucket's key of an object.
   * @throws StoreError `InvalidKey` for an invalid key, see {@link checkKey}
   */
  full(key: string): string {
    checkKey(key);
    const full = objectPath(this.root, key);
    if (Buffer.byteLength(full) > LONGEST_KEY) {
      throw invalid(key.slice(0, 100), `is longer than ${LONGEST_KEY} bytes`);
    }
    return full;
  }

  /** The bucket's prefix for a prefix of keys. */
  fullPrefix(prefix: string): string {
    return this.#prefix + prefix;
  }

  /** The object's key for a key of the bucket below {@link fullPrefix}. */
  relative(full: string): string {
    return full.slice(this.#prefix.length);
  }
}

/**
 * Checks that a key is an object path, see {@link objectPathFault}.
 * @throws StoreError `misconfigured` with the code `InvalidKey`
 */
export function checkKey(key: string): void {
  const fault = objectPathFault(key);
  if (fault !== undefined) throw invalid(key, fault);
}

function invalid(key: string, why: string): StoreError {
  return new StoreError(`the key ${JSON.stringify(key)} ${why}`, {
    kind: 'misconfigured',
    code: 'InvalidKey',
  });
}
