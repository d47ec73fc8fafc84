import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RemoteFolders, StoredFolder } from '../day-folder/remote-folder.ts';
import { StoredFolders } from '../day-folder/stored-folders.ts';
import type { RecordingFact } from '../facts/recording-fact.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { SpooledStore } from '../storage/spooled-store.ts';

/**
 * Brings what recordings tell to the spool, and what the spool tells to the index: a row says whether
 * its file has been uploaded.
 */
export class Uploads implements RemoteFolders {
  /** Told when recordings may begin again, or may not. */
  onAccepts: ((accepts: boolean) => void) | undefined;
  readonly #bucket: SpooledStore;
  readonly #index: SegmentIndex;
  readonly #log: RecordingLog;
  readonly #folders: StoredFolders;
  #isStarted = false;

  constructor(bucket: SpooledStore, index: SegmentIndex, log: RecordingLog) {
    this.#bucket = bucket;
    this.#index = index;
    this.#log = log;
    this.#folders = new StoredFolders(bucket.store, bucket.once, log);
  }

  /** False while nothing new should be recorded. */
  get accepts(): boolean {
    return this.#bucket.accepts;
  }

  /** Begins to upload what waits. @throws the file system's error */
  async start(): Promise<void> {
    const bucket = this.#bucket;
    bucket.onUploaded = (key) => this.#index.setUploaded(key);
    bucket.onDropped = (key) => void this.#remove(key);
    bucket.onAccepts = (accepts) => this.onAccepts?.(accepts);
    await bucket.startUploads(this.#folders);
    this.#isStarted = true;
    this.#index.setWaiting(bucket.waiting());
  }

  /** The index lists a segment now, of which the spool may have told before. */
  async onListed(path: string): Promise<void> {
    const uploaded = this.#bucket.uploaded(path);
    if (uploaded === true) this.#index.setUploaded(path);
    else if (uploaded === undefined) await this.#remove(path);
  }

  /** Offers the file that a fact tells of. Those from before the start are found on the disk then. */
  take(fact: RecordingFact): void {
    if (!this.#isStarted) return;
    const bucket = this.#bucket;
    if (fact.type === 'segment') bucket.addSegment(fact.segment.path);
    else if (fact.type === 'initialization') bucket.addInitialization(fact.path);
    else if (fact.type === 'manifest') bucket.addManifest(fact.path, fact.segments);
  }

  /** Never rejects. */
  async #remove(key: string): Promise<void> {
    try {
      await this.#index.remove(key);
    } catch (err) {
      this.#log.error({ key, err }, 'the index still lists a segment that was deleted');
    }
  }

  stored(folder: string, hasManifest: boolean): Promise<StoredFolder | undefined> {
    return this.#folders.stored(folder, hasManifest);
  }
}
