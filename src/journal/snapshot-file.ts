import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { absent } from '../files/absent.ts';
import { syncFolder } from '../files/durable-file.ts';

/** Identifies the file and the version of its blocks; what they contain has a version of its own. */
const MAGIC = Buffer.from('L7SNAP\r\x01', 'latin1');
/** The length and the checksum before each block, bytes. */
const BLOCK_HEAD = 8;
/** The length that follows the last block. */
const END = 0xffffffff;
/** It is synced in portions of this size: a sync of the journal must not wait for all of it, bytes. */
const SYNC_BYTES = 8 << 20;

/**
 * Writes a file of binary blocks and puts it in the place of an earlier one, durably; if that fails, the
 * earlier one stays. Each block has a checksum, which includes the blocks before it, so a block that is
 * missing, changed or in another place is noticed.
 * @param blocks produced one at a time, each valid until the next is asked for; other work of the thread is
 * done in between
 * @param signal ends it between two blocks
 * @throws the file system's error; the reason of the signal
 */
export async function writeSnapshot(
  path: string,
  blocks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    const file = await open(temporary, 'w');
    try {
      await writeBlocks(file, blocks, signal);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeBlocks(
  file: FileHandle,
  blocks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const head = Buffer.alloc(BLOCK_HEAD);
  let checksum = 0;
  let unsynced = 0;
  await file.writeFile(MAGIC);
  for (const block of blocks) {
    checksum = crc32(block, checksum);
    head.writeUInt32LE(block.length, 0);
    head.writeUInt32LE(checksum, 4);
    await file.writeFile(head);
    await file.writeFile(block);
    unsynced += block.length;
    if (unsynced > SYNC_BYTES) {
      await file.datasync();
      unsynced = 0;
    }
    await setImmediate();
    signal.throwIfAborted();
  }
  head.writeUInt32LE(END, 0);
  head.writeUInt32LE(checksum, 4);
  await file.writeFile(head);
}

/** Deletes a file that {@link writeSnapshot} wrote. */
export async function removeSnapshot(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Deletes what a crash left of a file that was being written. */
export async function removeUnfinished(path: string): Promise<void> {
  await rm(temporaryPath(path), { force: true });
}

/** Reads the blocks of a file that {@link writeSnapshot} wrote, in constant memory. */
export class SnapshotReader {
  readonly #file: FileHandle;
  readonly #size: number;
  #buffer = Buffer.allocUnsafeSlow(1 << 18);
  #position = MAGIC.length + BLOCK_HEAD;
  #checksum = 0;
  /** Length and checksum of the next block. */
  #next: { length: number; checksum: number };

  private constructor(file: FileHandle, size: number, start: Buffer) {
    this.#file = file;
    this.#size = size;
    this.#next = blockHead(start, MAGIC.length);
  }

  /**
   * @returns undefined if there is no such file
   * @throws Error if it is no file of this kind and version; the file system's error
   */
  static async open(path: string): Promise<SnapshotReader | undefined> {
    const file = await open(path).catch(absent);
    if (file === undefined) return undefined;
    try {
      const { size } = await file.stat();
      const start = Buffer.alloc(MAGIC.length + BLOCK_HEAD);
      const { bytesRead } = await file.read(start, 0, start.length, 0);
      if (bytesRead < start.length || !start.subarray(0, MAGIC.length).equals(MAGIC)) {
        throw new Error('it is no snapshot of this version');
      }
      return new SnapshotReader(file, size, start);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * The next block, at the beginning of its `ArrayBuffer`, and valid until the next call.
   * @throws Error if it is damaged or missing; the file system's error
   */
  async next(): Promise<Uint8Array> {
    const { length, checksum } = this.#next;
    const end = length + BLOCK_HEAD;
    if (length === END || end > this.#size - this.#position) throw new Error('it is incomplete');
    if (end > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(end);
    for (let filled = 0; filled < end; ) {
      const position = this.#position + filled;
      const { bytesRead } = await this.#file.read(this.#buffer, filled, end - filled, position);
      if (bytesRead === 0) throw new Error('it is incomplete');
      filled += bytesRead;
    }
    const block = this.#buffer.subarray(0, length);
    this.#checksum = crc32(block, this.#checksum);
    if (this.#checksum !== checksum)
      throw new Error(`it is damaged before byte ${this.#position + end}`);
    this.#position += end;
    this.#next = blockHead(this.#buffer, length);
    return block;
  }

  /** @throws Error if there is another block, or anything else */
  finish(): void {
    const isEnd = this.#next.length === END && this.#next.checksum === this.#checksum;
    if (!isEnd || this.#position !== this.#size) throw new Error('it does not end where it should');
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function blockHead(bytes: Buffer, at: number): { length: number; checksum: number } {
  return { length: bytes.readUInt32LE(at), checksum: bytes.readUInt32LE(at + 4) };
}

function temporaryPath(path: string): string {
  return `${path}.new`;
}
