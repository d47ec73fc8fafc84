import { randomUUID } from 'node:crypto';
import { link, open, opendir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { absentBelow } from '../../files/absent.ts';
import { makeFolder, replaceFile, syncFolder } from '../../files/durable-file.ts';
import { isHidden, isUnfinished } from '../../layout/file-names.ts';
import { filePath } from '../../layout/object-path.ts';
import type { FsStorage } from '../storage-options.ts';
import { deleteEach } from './delete-each.ts';
import { objectBody } from './object-body.ts';
import { checkKey } from './object-key.ts';
import { type FailureContext, storeError } from './provider-error.ts';
import {
  type ByteRange,
  type ObjectReading,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

const NEVER_MS = 2 ** 31 - 1;

/**
 * Opens a folder as a store and creates it if necessary.
 * @throws StoreError that says what to change, if the folder cannot be created
 */
export async function openFsStore(config: FsStorage): Promise<Store> {
  const store = new FsStore(config.root);
  await store.makeRoot();
  return store;
}

/**
 * Objects as files below a folder. Hidden files and `.part` files are not objects: the recorder
 * keeps its journals and unfinished files beside the objects.
 */
class FsStore implements Store {
  readonly name: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = path.resolve(root);
    this.name = `file://${this.#root}`;
  }

  async makeRoot(): Promise<void> {
    await this.#try('open', () => makeFolder(this.#root));
  }

  async put(key: string, data: Buffer, options?: PutOptions): Promise<void> {
    const file = this.#file(key);
    await this.#try(`put ${key}`, async () => {
      await makeFolder(path.dirname(file));
      if (options?.ifAbsent) await createFile(file, data);
      else await replaceFile(file, data);
      const { size } = await stat(file);
      if (size !== data.length) throw wrongSize(this.name, key, size, data.length);
    });
  }

  async get(key: string, range?: ByteRange): Promise<ObjectReading | undefined> {
    const file = this.#file(key);
    const action = `get ${key}`;
    return this.#try(action, async () => {
      const handle = await open(file, 'r').catch(absentBelow);
      if (!handle) return undefined;
      try {
        const found = await handle.stat();
        if (!found.isFile()) {
          await handle.close();
          return undefined;
        }
        const start = range?.start ?? 0;
        if (range && start >= found.size) throw invalidRange(this.name, key, found.size);
        const end = Math.min(range?.end ?? found.size - 1, found.size - 1);
        const contentLength = end - start + 1;
        // An empty file has no last byte to specify.
        const source = handle.createReadStream(contentLength > 0 ? { start, end } : {});
        const body = objectBody(source, contentLength, NEVER_MS, (error) =>
          storeError(error, this.#context(action)),
        );
        const etag = fileTag(found.size, found.mtimeMs);
        return { body, size: found.size, contentLength, etag };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const file = this.#file(key);
    return this.#try(`head ${key}`, () => storedFile(key, file));
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') checkKey(folder.slice(0, -1));
    try {
      yield* this.#below(folder, prefix);
    } catch (error) {
      throw storeError(error, this.#context(`list ${prefix}`));
    }
  }

  async delete(key: string): Promise<void> {
    const file = this.#file(key);
    await this.#try(`delete ${key}`, () => rm(file).catch(absentBelow));
  }

  deleteAll(keys: readonly string[]): Promise<Error | undefined> {
    return deleteEach(this, keys);
  }

  async close(): Promise<void> {}

  /** @param folder key of a folder, empty or with a trailing slash */
  async *#below(folder: string, prefix: string): AsyncGenerator<StoredObject> {
    const entries = await opendir(filePath(this.#root, folder)).catch(absentBelow);
    if (!entries) return;
    for await (const entry of entries) {
      const key = folder + entry.name;
      if (!isShown(entry.name)) continue;
      if (entry.isDirectory()) {
        const inside = `${key}/`;
        if (inside.startsWith(prefix) || prefix.startsWith(inside))
          yield* this.#below(inside, prefix);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        const found = await storedFile(key, filePath(this.#root, key));
        if (found) yield found;
      }
    }
  }

  #file(key: string): string {
    checkKey(key);
    if (!key.split('/').every(isShown)) {
      throw new StoreError(`${this.name}: the key ${JSON.stringify(key)} names a hidden file`, {
        kind: 'misconfigured',
        code: 'InvalidKey',
      });
    }
    return filePath(this.#root, key);
  }

  async #try<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, this.#context(action));
    }
  }

  #context(action: string): FailureContext {
    return { store: this.name, action, settings: { keys: 'root', token: 'root' }, secrets: [] };
  }
}

/** Writes a whole file under a name that no file has. @throws EEXIST if a file has the name */
async function createFile(file: string, data: Buffer): Promise<void> {
  const aside = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}`);
  try {
    await replaceFile(aside, data);
    // Unlike a rename, a link never replaces a file.
    await link(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
  await syncFolder(path.dirname(file));
}

function isShown(name: string): boolean {
  return !isHidden(name) && !isUnfinished(name);
}

async function storedFile(key: string, file: string): Promise<StoredObject | undefined> {
  const found = await stat(file).catch(absentBelow);
  if (!found?.isFile()) return undefined;
  const { size, mtimeMs } = found;
  return { key, size, etag: fileTag(size, mtimeMs), modifiedMs: Math.trunc(mtimeMs) };
}

function fileTag(size: number, mtimeMs: number): string {
  return `"${size.toString(16)}-${Math.trunc(mtimeMs * 1000).toString(16)}"`;
}

function wrongSize(store: string, key: string, stored: number, sent: number): StoreError {
  return new StoreError(`${store}: ${key} has ${stored} bytes, ${sent} were written`, {
    kind: 'integrity',
    code: 'SizeMismatch',
  });
}

function invalidRange(store: string, key: string, size: number): StoreError {
  return new StoreError(`${store}: the range begins past the ${size} bytes of ${key}`, {
    kind: 'not-found',
    code: 'InvalidRange',
    status: 416,
  });
}
