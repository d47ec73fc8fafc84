import { setTimeout as delay } from 'node:timers/promises';

/** Part of the reply of `GET /api/record/{stream}`. */
export interface RecordStatus {
  recording: boolean;
  state: string;
  /** The publisher's session, while there is one. */
  session_id?: string;
  /** When the publisher connected: ms since the Unix epoch. */
  published_at?: number;
  record_dir?: string;
  mpd_path?: string;
  error?: string;
  /** Access units that came and were not recorded, by reason. */
  dropped_units?: Record<'late' | 'disordered' | 'undecodable' | 'empty' | 'unwritten', number>;
  tracks: {
    kind: 'video' | 'audio';
    codec: string;
    width?: number;
    height?: number;
    packets_received: number;
    packets_lost: number;
    access_units: number;
    keyframes: number;
    bytes: number;
  }[];
}

/** Asks the recorder what it knows of a stream. @param url base address */
export async function recordStatus(url: string, stream: string): Promise<RecordStatus> {
  const response = await fetch(`${url}/api/record/${encodeURIComponent(stream)}`);
  if (!response.ok) throw new Error(`status of ${stream}: ${response.status}`);
  return (await response.json()) as RecordStatus;
}

/**
 * Asks until the status is what a test waits for.
 * @param what said in the error
 * @param timeoutMs bound that only a recorder that is stuck reaches
 * @throws Error with the last status
 */
export async function untilStatus(
  url: string,
  stream: string,
  what: string,
  condition: (status: RecordStatus) => boolean,
  timeoutMs = 60_000,
): Promise<RecordStatus> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const status = await recordStatus(url, stream);
    if (condition(status)) return status;
    if (performance.now() > deadline) {
      throw new Error(`${stream} never came to ${what}: ${JSON.stringify(status)}`);
    }
    await delay(100);
  }
}

/** Access units received of the picture. */
export function picturesOf(status: RecordStatus): number {
  return status.tracks.find(({ kind }) => kind === 'video')?.access_units ?? 0;
}

/**
 * Waits until no more access units of the picture come, after the test picture was frozen.
 * @returns how many were received
 */
export async function picturesAtRest(url: string, stream: string): Promise<number> {
  for (let before = -1; ; ) {
    const received = picturesOf(await recordStatus(url, stream));
    if (received === before) return received;
    before = received;
    // Longer than the console takes to look at its counters again.
    await delay(1500);
  }
}
