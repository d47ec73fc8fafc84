import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RemoteFolders, StoredFolder } from '../day-folder/remote-folder.ts';
import { StoredFolders } from '../day-folder/stored-folders.ts';
import type { RecordingFact } from '../facts/recording-fact.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { SpooledStore } from '../storage/spooled-store.ts';

/**
 * Tells the spool of recorded files, and the index of uploads: a row says whether its file has been
 * uploaded.
 */
export class Uploads implements RemoteFolders {
  /** Called when it changes whether new recordings may begin. */
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

  /** False while no new recording should begin. */
  get accepts(): boolean {
    return this.#bucket.accepts;
  }

  /** Begins to upload what is in the spool. @throws the file system's error */
  async start(): Promise<void> {
    const bucket = this.#bucket;
    bucket.onUploaded = (key) => this.#index.setUploaded(key);
    bucket.onDropped = (key) => void this.#remove(key);
    bucket.onAccepts = (accepts) => this.onAccepts?.(accepts);
    await bucket.startUploads(this.#folders);
    this.#isStarted = true;
    this.#index.setWaiting(bucket.waiting());
  }

  /** Marks a segment that the index has just listed, if the spool has already uploaded it. */
  async onListed(path: string): Promise<void> {
    const uploaded = this.#bucket.uploaded(path);
    if (uploaded === true) this.#index.setUploaded(path);
    else if (uploaded === undefined) await this.#remove(path);
  }

  /**
   * Adds the file of a fact to the queue. Files from before the start are found on the disk
   * instead.
   */
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
