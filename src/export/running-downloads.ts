/** A range of a stream that is being sent. Times are µs since the Unix epoch, end exclusive. */
export interface DownloadedRange {
  stream: string;
  startUs: number;
  endUs: number;
}

/** What tells how much of a reply has left: a socket. */
export interface BytesWritten {
  readonly bytesWritten: number;
}

interface RunningDownload {
  range: DownloadedRange;
  socket: BytesWritten;
  bytes: number;
  movedMs: number;
}

/**
 * A client that takes nothing for so long no longer keeps recordings from being deleted, ms:
 * otherwise one that hangs would let the disk fill up.
 */
const STALLED_MS = 120_000;

/** The exports that clients are downloading: what they read must not be deleted. */
export class RunningDownloads {
  readonly #running = new Set<RunningDownload>();
  readonly #nowMs: () => number;

  /** @param nowMs a clock that never goes back, ms */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** How many go on. */
  get count(): number {
    return this.#running.size;
  }

  /**
   * Begins one; call it before it is decided what to read.
   * @param socket to which it is sent
   * @returns ends it
   */
  begin(range: DownloadedRange, socket: BytesWritten): () => void {
    const download = { range, socket, bytes: socket.bytesWritten, movedMs: this.#nowMs() };
    this.#running.add(download);
    return () => this.#running.delete(download);
  }

  /** What is being read, except for clients that have stalled. */
  *ranges(): Generator<DownloadedRange> {
    const nowMs = this.#nowMs();
    for (const download of this.#running) {
      const { bytesWritten } = download.socket;
      if (bytesWritten !== download.bytes) {
        download.bytes = bytesWritten;
        download.movedMs = nowMs;
      }
      if (nowMs - download.movedMs < STALLED_MS) yield download.range;
    }
  }
}
