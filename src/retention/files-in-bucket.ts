import { MANIFEST_NAME } from '../layout/file-names.ts';
import { objectPath } from '../layout/object-path.ts';
import type { SpooledStore } from '../storage/spooled-store.ts';
import type { DeletableFiles } from './deletable-files.ts';

/**
 * Files of a bucket and its spool. What is here is deleted first, because the spool would upload it
 * again; then the bucket's manifest must have stopped naming the objects, because others read it.
 */
export function filesInBucket(bucket: SpooledStore): DeletableFiles {
  const remove = async (paths: readonly string[]): Promise<Error | undefined> => {
    let isBusy = false;
    for (const path of paths) {
      if ((await bucket.discard(path)) === 'busy') isBusy = true;
    }
    if (isBusy) return new Error('a file is being uploaded');
    return undefined;
  };
  return {
    async remove(folder, paths) {
      const left = await remove(paths);
      if (left !== undefined) return left;
      if (bucket.uploaded(objectPath(folder, MANIFEST_NAME)) === false) {
        return new Error('the manifest without them waits for its upload');
      }
      return bucket.store.deleteAll(paths);
    },
    async removeRest(folder) {
      const manifest = [objectPath(folder, MANIFEST_NAME)];
      return (await remove(manifest)) ?? bucket.store.deleteAll(manifest);
    },
  };
}
