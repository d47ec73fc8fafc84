import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { absentBelow } from '../files/absent.ts';
import type { ByteSource } from '../files/byte-source.ts';
import { isDayFolder } from '../layout/day-path.ts';
import { isHidden, isUnfinished } from '../layout/file-names.ts';
import { filePath, folderOf, objectPath } from '../layout/object-path.ts';
import type { Store } from './stores/store.ts';

/** Objects up to this size are fetched whole, bytes; most audio segments are smaller. */
const WHOLE_BYTES = 256 * 1024;

/** A recorded file, by its object path. */
export interface RecordedFile {
  key: string;
  /** Bytes. */
  size: number;
  /** Modification time, ms since the Unix epoch. */
  modifiedMs?: number;
}

/** An open file. */
export interface RecordedBytes extends ByteSource {
  /** Size of the whole file, bytes. */
  readonly size: number;
  /** True where each read asks a server. */
  readonly isRemote?: boolean;
  close(): Promise<void>;
}

/** Reads recordings, wherever they are stored. */
export interface RecordingsReader {
  /**
   * Object paths of all day folders, without a trailing slash, in no particular order.
   * @param below only those at or below this object path
   */
  folders(below?: string): AsyncIterable<string>;
  /** The complete files of a day folder. */
  files(folder: string): AsyncIterable<RecordedFile>;
  /** @returns undefined if the file does not exist (any more) */
  open(file: RecordedFile): Promise<RecordedBytes | undefined>;
  /** Reads a whole file by its object path. @returns undefined if it does not exist */
  read(key: string): Promise<Buffer | undefined>;
}

/** Reads below a local storage root. Every method throws the file system's errors. */
export function folderReader(root: string): RecordingsReader {
  return {
    folders: (below = '') => dayFolders(root, below),
    async *files(folder) {
      const inside = filePath(root, folder);
      for (const name of (await readdir(inside).catch(absentBelow)) ?? []) {
        if (isHidden(name) || isUnfinished(name)) continue;
        const found = await stat(path.join(inside, name)).catch(absentBelow);
        if (!found?.isFile()) continue;
        yield { key: objectPath(folder, name), size: found.size, modifiedMs: found.mtimeMs };
      }
    },
    async open({ key }) {
      const handle = await open(filePath(root, key)).catch(absentBelow);
      return handle && openedFile(handle);
    },
    read: async (key) =>
      (await readFile(filePath(root, key)).catch(absentBelow)) as Buffer | undefined,
  };
}

/** Reads from a store. Every method throws {@link StoreError}. */
export function storeReader(store: Store): RecordingsReader {
  return {
    async *folders(below = '') {
      const seen = new Set<string>();
      for await (const { key } of store.list(below === '' ? '' : `${below}/`)) {
        const folder = folderOf(key);
        if (seen.has(folder) || !isDayFolder(folder)) continue;
        seen.add(folder);
        yield folder;
      }
    },
    async *files(folder) {
      for await (const { key, size, modifiedMs } of store.list(`${folder}/`)) {
        yield { key, size, ...(modifiedMs !== undefined && { modifiedMs }) };
      }
    },
    open: async ({ key, size }) => new StoredBytes(store, key, size),
    async read(key) {
      const reading = await store.get(key);
      return reading && buffer(reading.body);
    },
  };
}

/** Reads from this machine first and from a store otherwise. */
export function joinedReader(local: RecordingsReader, remote: RecordingsReader): RecordingsReader {
  const here = new WeakSet<RecordedFile>();
  return {
    async *folders(below) {
      const seen = new Set<string>();
      for (const reader of [local, remote]) {
        for await (const folder of reader.folders(below)) {
          if (!seen.has(folder)) yield folder;
          seen.add(folder);
        }
      }
    },
    async *files(folder) {
      const seen = new Set<string>();
      for await (const file of local.files(folder)) {
        seen.add(file.key);
        here.add(file);
        yield file;
      }
      for await (const file of remote.files(folder)) if (!seen.has(file.key)) yield file;
    },
    // A file that was uploaded in the meantime is opened in the store.
    open: async (file) => (here.has(file) && (await local.open(file))) || remote.open(file),
    read: async (key) => (await local.read(key)) ?? remote.read(key),
  };
}

async function* dayFolders(root: string, below: string): AsyncGenerator<string> {
  if (isDayFolder(below)) {
    yield below;
    return;
  }
  const entries = await readdir(filePath(root, below), { withFileTypes: true }).catch(absentBelow);
  for (const entry of entries ?? []) {
    if (!entry.isDirectory() || isHidden(entry.name)) continue;
    yield* dayFolders(root, objectPath(below, entry.name));
  }
}

/** The bytes of a file that is open; closing them closes it. @throws the file system's error */
export async function openedFile(handle: FileHandle): Promise<RecordedBytes> {
  const { size } = await handle.stat().catch(async (error) => {
    await handle.close();
    throw error;
  });
  return {
    size,
    read: (...place) => handle.read(...place),
    close: () => handle.close(),
  };
}

/** An object in a store: a small one is fetched once, of a large one only the requested bytes. */
class StoredBytes implements RecordedBytes {
  readonly size: number;
  readonly isRemote = true;
  readonly #store: Store;
  readonly #key: string;
  #whole: Promise<Buffer> | undefined;

  constructor(store: Store, key: string, size: number) {
    this.#store = store;
    this.#key = key;
    this.size = size;
  }

  async read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }> {
    const end = Math.min(position + length, this.size);
    if (position >= end) return { bytesRead: 0 };
    if (this.size > WHOLE_BYTES) return this.#fetchInto(target, offset, position, end);
    this.#whole ??= this.#fetchWhole();
    const bytes = (await this.#whole).subarray(position, end);
    return { bytesRead: bytes.copy(target, offset) };
  }

  async close(): Promise<void> {}

  async #fetchWhole(): Promise<Buffer> {
    const reading = await this.#store.get(this.#key, { start: 0, end: this.size - 1 });
    return reading === undefined ? Buffer.alloc(0) : buffer(reading.body);
  }

  /** Without a copy of all that is asked for, which may be some megabytes. */
  async #fetchInto(
    target: Buffer,
    offset: number,
    position: number,
    end: number,
  ): Promise<{ bytesRead: number }> {
    const reading = await this.#store.get(this.#key, { start: position, end: end - 1 });
    const most = end - position;
    let bytesRead = 0;
    for await (const chunk of (reading?.body ?? []) as AsyncIterable<Buffer>) {
      bytesRead += chunk.copy(target, offset + bytesRead, 0, most - bytesRead);
    }
    return { bytesRead };
  }
}
