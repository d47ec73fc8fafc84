import { MANIFEST_NAME } from '../layout/file-names.ts';
import { objectPath } from '../layout/object-path.ts';
import type { Recorder } from '../recorder.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { folderReader, type RecordedBytes, storeReader } from '../storage/recordings-reader.ts';

/** The manifest of a day folder. */
export interface FoundManifest {
  /** Its text; undefined where there is none. */
  text: string | undefined;
  /** A recording has begun the folder, and has nothing to show of it yet. */
  isAwaited: boolean;
}

/**
 * What was recorded, to be read wherever it is: on the disk, in the spool, or in the bucket behind it.
 * Every method throws the file system's errors, and a `StoreError` where the bucket cannot be read.
 */
export interface RecordedObjects {
  /**
   * Opens a segment that the index lists, or its initialization segment.
   * @param path object path
   * @param size bytes of it, where they are known, as of a segment: a bucket need not be asked then
   * @returns undefined where there is no such file (any more); with a size only where it is missed on
   * the disk. Whoever gets it closes it
   */
  open(path: string, size?: number): Promise<RecordedBytes | undefined>;
  /** All bytes of a file. @returns undefined where there is no such file (any more) */
  read(path: string): Promise<Buffer | undefined>;
  /**
   * The manifest of a day folder; while it is recorded, that of the recorder's memory, which
   * names what was announced a moment ago.
   * @param folder object path
   */
  manifest(folder: string): Promise<FoundManifest>;
}

/** Reads what a store holds and what is being recorded. */
export function recordedObjects(
  { root, bucket }: ObjectStore,
  recorder: Pick<Recorder, 'liveManifest'>,
): RecordedObjects {
  const local = folderReader(bucket?.root ?? root);
  const remote = bucket && storeReader(bucket.store);
  // First what is here: nobody waits for an upload, and what is open stays readable when it leaves.
  const read = async (path: string) => (await local.read(path)) ?? remote?.read(path);
  return {
    read,
    async open(path, size) {
      const here = await local.open({ key: path, size: size ?? 0 });
      if (here !== undefined || remote === undefined) return here;
      const bytes = size ?? (await bucket!.store.head(path))?.size;
      return bytes === undefined ? undefined : remote.open({ key: path, size: bytes });
    },
    async manifest(folder) {
      const path = objectPath(folder, MANIFEST_NAME);
      const live = await recorder.liveManifest(path);
      // A recording that goes on after a restart shows what the file says until it has more.
      const text = live || (await read(path))?.toString();
      return { text, isAwaited: text === undefined && live === '' };
    },
  };
}
