/** One element of the reply of `GET /api/record/segments`, as documented. */
export interface SegmentRow {
  node_alias: string;
  stream: string;
  kind: 'video' | 'audio';
  /** µs since the Unix epoch. */
  start_ts: number;
  end_ts: number;
  duration_ms: number;
  path: string;
  init_path: string;
  is_keyframe: boolean;
  keyframes: number[];
  codec: string;
  size: number;
  created_at: number;
  uploaded: boolean;
}

/** Reply of `GET /api/storage`, as far as tests look. */
export interface StorageRow {
  type: string;
  name: string;
  state: string;
  waiting_files: number;
  waiting_bytes: number;
  parked_files: number;
  dropped_files: number;
  failures: number;
  oldest_waiting?: number;
  last_error?: { at: number; code: string; message: string };
}

/** Reply of `GET /api/record/segments`. */
export interface SegmentPage {
  segments: SegmentRow[];
  last_ts: number;
  has_more: boolean;
}

/** One track in the reply of `GET /api/record/{stream}`. */
export interface TrackRow {
  kind: 'video' | 'audio';
  codec: string;
  packets_received: number;
  packets_lost: number;
  packets_recovered: number;
  packets_dropped: number;
  access_units: number;
  access_units_broken: number;
  keyframes: number;
  concealed_ms: number;
  nacks_sent: number;
  plis_sent: number;
  bytes: number;
  bits_per_second?: number;
  frames_per_second?: number;
  width?: number;
  height?: number;
  layer?: { rid?: string; width?: number; height?: number; of: number; switches: number };
}

/** Reply of `GET /api/record/{stream}`. */
export interface RecordRow {
  recording: boolean;
  state: string;
  /** The WHIP session of the present publisher. */
  session_id?: string;
  record_dir?: string;
  mpd_path?: string;
  error?: string;
  /** The latest Period of its manifest; its start in µs since the epoch. */
  period?: { reason: string; started_at: number };
  /** Access units that came and were not recorded, by reason. */
  dropped_units?: Record<string, number>;
  /** Packets that belong to no track, by the reason they were dropped for. */
  rejected?: Record<string, number>;
  tracks: TrackRow[];
}

/**
 * Fetches JSON.
 * @throws Error naming address, status and message for any other status than 200
 */
export async function getJson<T>(address: string, init?: RequestInit): Promise<T> {
  const response = await fetch(address, init);
  const body = await response.text();
  if (response.status !== 200) {
    throw new Error(`${init?.method ?? 'GET'} ${address}: ${response.status} ${body}`);
  }
  return JSON.parse(body) as T;
}

/** One page of the index. @param url base address of the service */
export function segmentPage(
  url: string,
  query: Record<string, string | number>,
): Promise<SegmentPage> {
  const search = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]));
  return getJson(`${url}/api/record/segments?${search}`);
}

/** How it goes with the storage. @param url base address of the service */
export function storageState(url: string): Promise<StorageRow> {
  return getJson(`${url}/api/storage`);
}

/** What there is to know of one stream. @param url base address of the service */
export function recordStatus(url: string, stream: string): Promise<RecordRow> {
  return getJson(`${url}/api/record/${encodeURIComponent(stream)}`);
}
