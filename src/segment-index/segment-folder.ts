/** What is recorded of one stream in one folder; times in µs since the Unix epoch, end exclusive. */
export interface FolderSummary {
  stream: string;
  folder: string;
  startUs: number;
  endUs: number;
  segments: number;
  bytes: number;
}

/** Keeps the summary of a folder up to date as segments come and go. */
export class SegmentFolder implements FolderSummary {
  readonly stream: string;
  readonly folder: string;
  startUs = Number.POSITIVE_INFINITY;
  endUs = Number.NEGATIVE_INFINITY;
  segments = 0;
  bytes = 0;

  constructor(stream: string, folder: string) {
    this.stream = stream;
    this.folder = folder;
  }

  add(startUs: number, endUs: number, bytes: number): void {
    this.segments++;
    this.bytes += bytes;
    this.widen(startUs, endUs);
  }

  /** Takes a segment out. The bounds stay as they are until {@link resetBounds} and {@link widen}. */
  remove(bytes: number): void {
    this.segments--;
    this.bytes -= bytes;
  }

  resetBounds(): void {
    this.startUs = Number.POSITIVE_INFINITY;
    this.endUs = Number.NEGATIVE_INFINITY;
  }

  widen(startUs: number, endUs: number): void {
    this.startUs = Math.min(this.startUs, startUs);
    this.endUs = Math.max(this.endUs, endUs);
  }

  summary(): FolderSummary {
    const { stream, folder, startUs, endUs, segments, bytes } = this;
    return { stream, folder, startUs, endUs, segments, bytes };
  }
}
