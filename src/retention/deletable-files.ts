import { rm } from 'node:fs/promises';
import { absent } from '../files/absent.ts';
import { syncFolder } from '../files/durable-file.ts';
import { filePath } from '../layout/object-path.ts';

/** Files that are deleted once no manifest names them, wherever they are. */
export interface DeletableFiles {
  /**
   * Deletes files of a day folder; those that are gone are no error.
   * @param paths object paths
   * @returns why some are left, to be tried again; undefined if all are gone
   */
  remove(folder: string, paths: readonly string[]): Promise<Error | undefined>;
  /** Deletes what else a store has of a folder without segments: its manifest. */
  removeRest(folder: string): Promise<Error | undefined>;
}

/** Files that are deleted at a time. */
const AT_ONCE = 8;

/** The files below a folder on this disk. @param root a path in the file system */
export function filesOnDisk(root: string): DeletableFiles {
  return {
    async remove(folder, paths) {
      const left = [...paths];
      let failure: Error | undefined;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let path = left.pop(); path !== undefined; path = left.pop()) {
            await rm(filePath(root, path), { force: true }).catch((error: Error) => {
              failure = error;
            });
          }
        }),
      );
      await syncFolder(filePath(root, folder)).catch(absent);
      return failure;
    },
    // Deleted with the folder.
    removeRest: async () => undefined,
  };
}
