/** The recordings of a stream in one folder; times in µs since the Unix epoch, end exclusive. */
export interface FolderSummary {
  stream: string;
  folder: string;
  startUs: number;
  endUs: number;
  segments: number;
  bytes: number;
}

/** Keeps the summary of a folder up to date when segments are added and removed. */
export class SegmentFolder implements FolderSummary {
  readonly stream: string;
  readonly folder: string;
  startUs = Number.POSITIVE_INFINITY;
  endUs = Number.NEGATIVE_INFINITY;
  segments = 0;
  bytes = 0;
  /** True if a segment at one of the bounds was removed: the bounds may be too wide. */
  isLoose = false;

  constructor(stream: string, folder: string) {
    this.stream = stream;
    this.folder = folder;
  }

  add(startUs: number, endUs: number, bytes: number): void {
    this.segments++;
    this.bytes += bytes;
    this.startUs = Math.min(this.startUs, startUs);
    this.endUs = Math.max(this.endUs, endUs);
  }

  /** Removes a segment. The bounds stay as they are until {@link tighten}. */
  remove(startUs: number, endUs: number, bytes: number): void {
    this.segments--;
    this.bytes -= bytes;
    if (startUs === this.startUs || endUs === this.endUs) this.isLoose = true;
  }

  /** Sets the exact bounds. */
  tighten(startUs: number, endUs: number): void {
    this.startUs = startUs;
    this.endUs = endUs;
    this.isLoose = false;
  }

  summary(): FolderSummary {
    const { stream, folder, startUs, endUs, segments, bytes } = this;
    return { stream, folder, startUs, endUs, segments, bytes };
  }
}
