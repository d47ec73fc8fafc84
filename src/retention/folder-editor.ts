import type { ForgottenSegments, SegmentNumbers } from '../day-folder/forgotten-segments.ts';

/** A day folder of a stream. */
export interface EditedFolder {
  stream: string;
  /** Object path. */
  folder: string;
  /** Any instant of the folder's UTC day, µs since the Unix epoch. */
  dayUs: number;
}

/** Changes day folders in the turn of whoever writes to them. */
export interface FolderEditor {
  /**
   * Takes segments out of the manifest. May be repeated.
   * @throws Error if that is not possible now
   */
  forget(request: EditedFolder & { numbers: SegmentNumbers }): Promise<ForgottenSegments>;
  /**
   * Deletes what is left in a folder without segments, and the folder.
   * @returns false for one that is being recorded to
   * @throws Error if that is not possible now
   */
  removeFolder(request: EditedFolder): Promise<boolean>;
}
