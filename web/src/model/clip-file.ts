const NAME = /^clip-(\d+)$/;
/** So long the browser may take to copy a file to where the reader wants it, ms. */
const KEPT_MS = 3_600_000;

/** Larger than this a file is not held in the memory of the page, bytes. */
export const MOST_IN_MEMORY = 50_000_000;

/** Where a file is gathered before it is handed to the browser. */
export interface ClipFile {
  write(part: Uint8Array<ArrayBuffer>): Promise<void>;
  /** All that was written. */
  finish(): Promise<Blob>;
  /** Lets go of what was written. */
  discard(): Promise<void>;
}

/**
 * A file to gather so many bytes in: a large one on the disk, in the storage that the browser keeps for
 * this site (the origin private file system of the WHATWG's File System standard).
 * @returns undefined where it would be too large for the memory, and the browser has no such storage
 */
export async function createClipFile(bytes: number): Promise<ClipFile | undefined> {
  if (bytes <= MOST_IN_MEMORY) return inMemory();
  // Browsers give it only to pages that came by https, or from this machine.
  return navigator.storage?.getDirectory === undefined ? undefined : onDisk();
}

function inMemory(): ClipFile {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: async (part) => void parts.push(part),
    finish: async () => new Blob(parts),
    discard: async () => void parts.splice(0),
  };
}

async function onDisk(): Promise<ClipFile> {
  const folder = await navigator.storage.getDirectory();
  await removeOld(folder);
  const name = `clip-${Date.now()}`;
  const handle = await folder.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  return {
    write: (part) => writable.write(part),
    async finish() {
      await writable.close();
      setTimeout(() => void folder.removeEntry(name).catch(() => undefined), KEPT_MS);
      return handle.getFile();
    },
    async discard() {
      await writable.abort();
      await folder.removeEntry(name);
    },
  };
}

/** Removes the files of pages that were closed before they could. */
async function removeOld(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of folder.keys()) {
    const [, createdMs] = NAME.exec(name) ?? [];
    if (createdMs === undefined || Date.now() - Number(createdMs) < KEPT_MS) continue;
    await folder.removeEntry(name).catch(() => undefined);
  }
}
