import { setTimeout as delay } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { AbandonedFolder, recoverAfterCrash } from '../day-folder/crash-recovery.ts';
import { removeDayFolder } from '../day-folder/folder-removal.ts';
import type { RemoteFolders } from '../day-folder/remote-folder.ts';
import type { IndexLife } from '../index-rebuild/index-life.ts';
import { type DeletableFiles, filesOnDisk } from '../retention/deletable-files.ts';
import { filesInBucket } from '../retention/files-in-bucket.ts';
import type { FolderEditor } from '../retention/folder-editor.ts';
import type { MediaRetention } from '../retention/media-retention.ts';
import { markSpool } from '../storage/spool-mark.ts';
import { SpooledStore } from '../storage/spooled-store.ts';
import type { BucketConfig, StorageConfig } from '../storage/storage-options.ts';
import { FactSink } from '../workers/fact-sink.ts';
import { Uploads } from '../workers/uploads.ts';

/** How long it is waited for a bucket in which nothing changes, ms. */
const PATIENCE_MS = 60_000;
const POLL_MS = 100;

/** Logs what cannot be told otherwise. */
export interface PruneLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Recordings that no recorder writes to, as deletion changes them. */
export interface PruneStorage {
  editor: FolderEditor;
  files: DeletableFiles;
  /** Whether a segment still waits for its upload. */
  isWaiting(path: string): boolean;
  /**
   * Waits until the files of what leaves are gone.
   * @throws Error where they cannot be deleted now
   */
  finish(retention: MediaRetention): Promise<void>;
  close(): Promise<void>;
}

/** The recordings below a folder of this disk. */
export function pruneOnDisk(root: string, life: IndexLife, log: PruneLog): PruneStorage {
  const facts = new FactSink(life.index, life.catalogue, undefined, log);
  return {
    editor: editorOf(root, life, facts),
    files: filesOnDisk(root),
    isWaiting: () => false,
    finish: async (retention) => mustBeDone(retention),
    close: () => facts.close(),
  };
}

/**
 * The recordings in a bucket and its spool. What waits in the spool is uploaded meanwhile, as by the
 * recorder: manifests have to stop naming objects before these are deleted.
 * @throws Error for a bucket that cannot be used; the file system's error
 */
export async function pruneInBucket(
  config: BucketConfig,
  life: IndexLife,
  log: PruneLog,
): Promise<PruneStorage> {
  const { index, catalogue } = life;
  const bucket = await SpooledStore.open({ config, offline: false, log });
  try {
    const { root } = bucket;
    await markSpool(root, bucket.store.name);
    const uploads = new Uploads(bucket, index, log);
    const facts = new FactSink(index, catalogue, uploads, log);
    const streams = new Map(index.folders().map(({ folder, stream }) => [folder, stream]));
    await recoverAfterCrash({
      ...{ root, remote: uploads, log, nowUs: steadyNowUs(), indexedUs: index.lastCreatedAt },
      streamOf: (folder) => streams.get(folder),
      isKnown: (path) => index.has(path),
      onFact: (fact) => facts.take(fact),
    });
    await facts.idle();
    await uploads.start();
    return {
      editor: editorOf(root, life, facts, uploads),
      files: filesInBucket(bucket),
      isWaiting: (path) => bucket.uploaded(path) === false,
      finish: (retention) => finishInBucket(bucket, retention),
      close: async () => {
        await facts.close();
        await bucket.close();
      },
    };
  } catch (error) {
    await bucket.close();
    throw error;
  }
}

/** Goes on as long as anything changes. */
async function finishInBucket(bucket: SpooledStore, retention: MediaRetention): Promise<void> {
  let state = '';
  for (let stuckMs = 0; stuckMs < PATIENCE_MS; stuckMs += POLL_MS) {
    await retention.work();
    const { leavingSegments } = retention.figures;
    if (leavingSegments === 0) return;
    const now = `${leavingSegments} ${[...bucket.waiting()].length}`;
    if (now !== state) stuckMs = 0;
    state = now;
    await delay(POLL_MS);
  }
  mustBeDone(retention);
}

function mustBeDone({ figures: { leavingSegments } }: MediaRetention): void {
  if (leavingSegments === 0) return;
  throw new Error(
    `the files of ${leavingSegments} segments could not be deleted now; they are no longer listed, and the next prune or start of the recorder deletes them`,
  );
}

/** Changes folders to which nobody records. */
function editorOf(
  root: string,
  { index }: IndexLife,
  facts: FactSink,
  remote?: RemoteFolders,
): FolderEditor {
  return {
    async forget({ stream, folder, dayUs, numbers }) {
      const abandoned = new AbandonedFolder(folder, dayUs, {
        ...{ root, stream, nowUs: steadyNowUs() },
        isKnown: (path) => index.has(path),
        onFact: (fact) => facts.take(fact),
        ...(remote && { remote }),
      });
      const forgotten = await abandoned.forget(numbers);
      await facts.idle();
      return forgotten;
    },
    async removeFolder({ folder }) {
      await removeDayFolder(root, folder);
      return true;
    },
  };
}

/** Opens what a configuration describes. @throws as {@link pruneInBucket} */
export async function openPruneStorage(
  storage: StorageConfig,
  life: IndexLife,
  log: PruneLog,
): Promise<PruneStorage> {
  return storage.type === 'fs'
    ? pruneOnDisk(storage.root, life, log)
    : pruneInBucket(storage, life, log);
}
