import type { PeriodReason } from './facts/period-reason.ts';
import type { TrackKind } from './media/access-unit.ts';
import type { TrackFigures } from './track-figures.ts';

/**
 * State of a stream:
 * - `idle`: nobody publishes it and no recording is requested;
 * - `waiting`: a recording was requested before anybody publishes it;
 * - `connecting`: it is live on another node and being pulled;
 * - `live`: published and not recorded;
 * - `recording`;
 * - `degraded`: recording, but a negotiated track does not arrive or cannot be recorded;
 * - `interrupted`: the publisher was lost, and the record stays open for a while;
 * - `failed`: it cannot be written or pulled, see {@link StreamStatus.error}.
 */
export type StreamState =
  | 'idle'
  | 'waiting'
  | 'connecting'
  | 'live'
  | 'recording'
  | 'degraded'
  | 'interrupted'
  | 'failed';

/** A track that is being received. */
export interface TrackStatus {
  kind: TrackKind;
  /** Codecs string (RFC 6381) once known, otherwise the codec's name. */
  codec: string;
  figures: TrackFigures;
  /** The recorded simulcast layer; absent if the track has a single encoding. */
  layer?: {
    /** Restriction identifier (RFC 8851), if the layer has one. */
    rid?: string;
    /** Luma samples per picture, once known. */
    width?: number;
    height?: number;
    /** Number of layers received. */
    of: number;
    /** Number of changes to another layer. */
    switches: number;
  };
}

/** State of pulling a stream from other nodes. */
export interface PullStatus {
  /** The node that is connected or being tried. */
  node?: string;
  connected: boolean;
  /** When pulling began, ms since the Unix epoch. */
  sinceMs: number;
  /** The last failure of each node that has not succeeded since. */
  failures: PullFailure[];
}

/** Why a stream could not be pulled from a node. */
export interface PullFailure {
  node: string;
  message: string;
  /** The node does not accept the token. */
  isUnauthorized: boolean;
  /** When this kind of failure began, ms since the Unix epoch. */
  sinceMs: number;
}

/** A stream as operators and the console see it. */
export interface StreamStatus {
  stream: string;
  state: StreamState;
  /** When the present publisher connected, ms since the Unix epoch. */
  publishedAtMs?: number;
  /**
   * Session id of the publisher, the last part of its WHIP resource; for a pulled stream, that of
   * our own session.
   */
  sessionId?: string;
  /** The node from which the stream is pulled. */
  source?: string;
  /** Present while the stream is pulled from other nodes. */
  pull?: PullStatus;
  /** Identifier of the open record: Unix second of its start, ten digits. */
  recordId?: string;
  /** Object path of the day folder, without a trailing slash. */
  recordDir?: string;
  mpdPath?: string;
  /** During a recording: whether its manifest has a segment to play. */
  isPlayable?: boolean;
  /** Wall-clock start of the recording, µs since the Unix epoch. */
  startedAtUs?: number;
  error?: string;
  /** A recording was requested by name and not stopped. */
  isArmed?: boolean;
  /** During a recording: why its latest Period began, and when, µs since the Unix epoch. */
  period?: { reason: PeriodReason; startUs: number };
  /** During a recording: number of Periods by the reason for their start. */
  periods?: Partial<Record<PeriodReason, number>>;
  /** During a recording: how often the sender began a new timeline, each time with a new Period. */
  timelineRestarts?: number;
  /** During a recording: complete access units that were not recorded, by reason. */
  droppedUnits?: {
    undecodable: number;
    disordered: number;
    empty: number;
    late: number;
    unwritten: number;
  };
  tracks: TrackStatus[];
  /** Media that is received and cannot be recorded. */
  unrecordable?: {
    kind: TrackKind;
    /** Encoding name in SDP. */
    codec: string;
    packetsReceived: number;
    /** What it is, and what to do about it. */
    message: string;
  }[];
  /** Datagrams at the present publisher's ports that belong to no track. */
  rejected?: {
    /** Forged or damaged. */
    authenticationFailures: number;
    replayed: number;
    malformed: number;
    /** Authentic, but of no negotiated track. */
    unroutable: number;
    /** From addresses without a valid connectivity check; dropped unread. */
    strangers: number;
  };
}

/** Where a recording is stored, as reported to the caller that started it. */
export interface RecordingStarted {
  stream: string;
  recordId: string;
  recordDir: string;
  mpdPath: string;
  /** True if the recording waits for a publisher. */
  isWaiting: boolean;
}

/** A stream for which a recording was requested by name. */
export interface ArmedStream {
  stream: string;
  /** When the recording was requested, ms since the Unix epoch. */
  armedAtMs: number;
  /** True while the stream has no publisher. */
  isWaiting: boolean;
}

/** The right to publish: all streams, or the one that the token names. */
export type PublishRight = 'all' | 'stream';

/** The reply to an accepted offer. */
export interface PublishAccepted {
  sessionId: string;
  /** SDP answer. */
  answer: string;
  /** Entity tag of the ICE session, without quotes (RFC 9725 §4.3.1). */
  etag: string;
}

/** How busy a thread is. */
export interface ThreadLoad {
  /** Processor time since its start, s; absent where Node does not tell. */
  userSeconds?: number;
  systemSeconds?: number;
  /** Delays of its event loop since the previous reading, s: median, 99th percentile, longest. */
  delayP50Seconds: number;
  delayP99Seconds: number;
  delayMaxSeconds: number;
  /** Its UDP port, if the publishers of a worker share one. */
  udpPort?: UdpPortFigures;
}

/** Datagrams to the UDP port of a worker that no session got, since it was opened. */
export interface UdpPortFigures {
  /** Datagrams that belonged to no session. */
  strangers: number;
  /** Datagrams that the kernel dropped; absent where it does not tell. */
  dropped?: number;
}

/** The recorder as the HTTP routes see it: all operations on media, on whatever thread they run. */
export interface Recorder {
  /**
   * Accepts a WHIP offer for a stream (RFC 9725 §4.2).
   * @param right of the publisher; `all` if absent. It may replace a publisher that has not been
   * heard since its offer, unless that one had the wider right
   * @throws NameError for a stream id that cannot be a path; Refusal `bad-sdp` or
   * `unacceptable-offer` for an offer that cannot be accepted, `published-already`, `no-free-port`,
   * `stopping`
   */
  publish(stream: string, offer: string, right?: PublishRight): Promise<PublishAccepted>;
  /**
   * Accepts a trickle ICE fragment (RFC 8840). A fragment with new ICE credentials restarts ICE,
   * and the reply contains our new credentials and the new entity tag.
   * @param ifMatch the entity tag of the request, without quotes; `*` for a restart
   * @throws Refusal `no-such-session`, `bad-sdp`, `stale-entity-tag`
   */
  trickle(
    stream: string,
    sessionId: string,
    fragment: string,
    ifMatch: string | undefined,
  ): Promise<{ fragment: string; etag: string } | undefined>;
  /** Ends a publisher's session. @throws Refusal `no-such-session` */
  unpublish(stream: string, sessionId: string): Promise<void>;

  /**
   * Starts recording a stream, or arms it if nobody publishes it. Idempotent: a second call returns
   * the same result. Never waits for media. A recording that is requested while the stream is
   * published ends with that session, unless the session is lost; an armed stream stays armed until
   * it is stopped.
   * @throws NameError for a stream id or base directory that cannot be a path; Refusal
   * `too-many-armed`, `spool-full`
   */
  start(stream: string, baseDir?: string): Promise<RecordingStarted>;
  /**
   * Stops or disarms; resolves when the last segment is durable. Does nothing if nothing is
   * recorded.
   */
  stop(stream: string): Promise<void>;
  /** All streams that are armed, the longest armed first. */
  armed(): Promise<ArmedStream[]>;
  /**
   * Disarms the armed streams that are waiting.
   * @param beforeMs only those armed before this time, ms since the Unix epoch; by default all
   * @returns their number
   */
  disarm(beforeMs?: number): Promise<number>;
  /** Status of one stream; `idle` for an unknown one. */
  status(stream: string): Promise<StreamStatus>;
  /** All streams that are published, armed, recorded or failed since the start. */
  streams(): Promise<StreamStatus[]>;
  /** How many of the threads that record are alive; others are being replaced. */
  workers(): { alive: number; of: number };
  /** Load of the threads that record, by the number of the thread. */
  loads(): Promise<[number, ThreadLoad][]>;
  /**
   * Called for each segment once it is in the index, with the time since what ended it had arrived, seconds;
   * not for those that were recovered, or held until their times were certain.
   */
  onIndexed: ((seconds: number) => void) | undefined;
  /**
   * Text of a manifest that is being written now, which is newer than the file.
   * @param path object path of the manifest
   * @returns empty before there is anything to show; undefined if no open recording writes it
   */
  liveManifest(path: string): Promise<string | undefined>;

  /**
   * Closes segments, makes manifests static and ends all sessions; resolves when all data is
   * durable.
   */
  close(): Promise<void>;
}
