import type { StorageConfig } from '../storage-options.ts';
import type { Store } from './store.ts';

/**
 * Opens the store of a configuration. The clients of S3 and OSS are loaded on demand, because they
 * cost memory and start-up time.
 * @throws StoreError that says what to change
 */
export async function openStore(storage: StorageConfig): Promise<Store> {
  switch (storage.type) {
    case 's3':
      return (await import('./s3-store.ts')).openS3Store(storage);
    case 'oss':
      return (await import('./oss-store.ts')).openOssStore(storage);
    default:
      return (await import('./fs-store.ts')).openFsStore(storage);
  }
}
