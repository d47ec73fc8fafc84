import type { PeriodReason } from './facts/period-reason.ts';
import type { TrackKind } from './media/access-unit.ts';
import type { TrackFigures } from './track-figures.ts';

/**
 * What a stream is doing:
 * - `idle`: nobody publishes and nothing is asked for;
 * - `waiting`: a recording was asked for before anyone publishes;
 * - `connecting`: it is live on another node and being pulled from there;
 * - `live`: published and not recorded;
 * - `recording`;
 * - `degraded`: recording, but a track that was agreed on does not come, or cannot be recorded;
 * - `interrupted`: the publisher was lost, the record waits a while for it to come back;
 * - `failed`: what comes cannot be written, see {@link StreamStatus.error}.
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

/** What is known of one track that is being received. */
export interface TrackStatus {
  kind: TrackKind;
  /** RFC 6381 codecs string once known, else the codec's name. */
  codec: string;
  figures: TrackFigures;
  /** The simulcast layer that is taken; absent where the track comes in one encoding. */
  layer?: {
    /** Restriction identifier (RFC 8851), where it has one. */
    rid?: string;
    /** Luma samples of its pictures, once known. */
    width?: number;
    height?: number;
    /** How many layers came. */
    of: number;
    /** Times that another layer followed. */
    switches: number;
  };
}

/** How it goes with pulling a stream from other nodes. */
export interface PullStatus {
  /** The node in use or being tried. */
  node?: string;
  connected: boolean;
  /** Since when it is pulled, ms since the Unix epoch. */
  sinceMs: number;
  /** What went wrong last with each node, unless all is well again. */
  failures: PullFailure[];
}

/** Why a stream could not be pulled from a node. */
export interface PullFailure {
  node: string;
  message: string;
  /** The node does not accept the token. */
  isUnauthorized: boolean;
  /** Since when it fails in this way, ms since the Unix epoch. */
  sinceMs: number;
}

/** One stream as operators and the console see it. */
export interface StreamStatus {
  stream: string;
  state: StreamState;
  /** When the present publisher connected: ms since the Unix epoch. */
  publishedAtMs?: number;
  /** Publisher's session id, the last part of its WHIP resource; ours where we pull it. */
  sessionId?: string;
  /** The node that it is pulled from. */
  source?: string;
  /** Present while it is pulled from other nodes. */
  pull?: PullStatus;
  /** Identifies the running recording: Unix second it was started, ten digits. */
  recordId?: string;
  /** Object path of the day folder, without a trailing slash. */
  recordDir?: string;
  mpdPath?: string;
  /** While it is recorded: whether its manifest names something to play yet. */
  isPlayable?: boolean;
  /** Wall-clock start of the recording, µs since the Unix epoch. */
  startedAtUs?: number;
  error?: string;
  /** A recording was asked for by name, and holds. */
  isArmed?: boolean;
  /** While it is recorded: why its latest Period began, and when, µs since the Unix epoch. */
  period?: { reason: PeriodReason; startUs: number };
  /** While it is recorded: how many Periods began, by reason. */
  periods?: Partial<Record<PeriodReason, number>>;
  /** While it is recorded: times that its sender began a new timeline, each with a new Period. */
  timelineRestarts?: number;
  /** While it is recorded: whole access units that were not recorded, by reason. */
  droppedUnits?: {
    undecodable: number;
    disordered: number;
    empty: number;
    late: number;
    unwritten: number;
  };
  tracks: TrackStatus[];
  /** What comes, is not recorded and never can be. */
  unrecordable?: {
    kind: TrackKind;
    /** Encoding name as SDP has it. */
    codec: string;
    packetsReceived: number;
    /** What it is and what to do about it. */
    message: string;
  }[];
  /** Datagrams at the present publisher's ports that were not taken for any track. */
  rejected?: {
    /** Forged or damaged. */
    authenticationFailures: number;
    replayed: number;
    malformed: number;
    /** Authentic, but of no track that was negotiated. */
    unroutable: number;
    /** From addresses that no connectivity check has verified; those are not even looked at. */
    strangers: number;
  };
}

/** Where a recording goes, as answered to the one who started it. */
export interface RecordingStarted {
  stream: string;
  recordId: string;
  recordDir: string;
  mpdPath: string;
  /** Nothing is recorded yet: it begins as soon as somebody publishes the stream. */
  isWaiting: boolean;
}

/** A stream of which a recording was asked for by name. */
export interface ArmedStream {
  stream: string;
  /** When that was, ms since the Unix epoch. */
  armedAtMs: number;
  /** True while there is nothing of it to record. */
  isWaiting: boolean;
}

/** What a publisher may publish: all streams, or the one that its token names. */
export type PublishRight = 'all' | 'stream';

/** A publisher's offer was accepted. */
export interface PublishAccepted {
  sessionId: string;
  /** SDP answer. */
  answer: string;
  /** Entity tag of the ICE session, without quotes (RFC 9725 §4.3.1). */
  etag: string;
}

/** The recorder as the HTTP routes see it: everything that touches media, whatever thread it runs on. */
export interface Recorder {
  /**
   * Accepts a WHIP offer for a stream (RFC 9725 §4.2).
   * @param right of who publishes; `all` if absent. It may take the place of one that has shown no sign
   * of itself since its offer, unless that one had the wider right
   * @throws NameError for a stream id that cannot be a path; Refusal `bad-sdp` or `unacceptable-offer`
   * for an offer that cannot be taken, `published-already`, `no-free-port`, `stopping`
   */
  publish(stream: string, offer: string, right?: PublishRight): Promise<PublishAccepted>;
  /**
   * Takes a trickle-ICE fragment (RFC 8840). Where it carries new ICE credentials it is an ICE
   * restart, and the reply carries ours and the new entity tag.
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
   * Starts recording a stream, or arms it when nobody publishes it yet. Idempotent: a second call
   * answers what the first did. Never waits for media. What is asked for while somebody publishes
   * holds until that session is ended, but not where it is lost; an arm holds until it is stopped.
   * @throws NameError for a stream id or base directory that cannot be a path; Refusal
   * `too-many-armed`, `spool-full`
   */
  start(stream: string, baseDir?: string): Promise<RecordingStarted>;
  /** Stops or disarms; resolves when the last segment is durable. Quiet when nothing ran. */
  stop(stream: string): Promise<void>;
  /** All streams that are armed, the longest armed first. */
  armed(): Promise<ArmedStream[]>;
  /**
   * Disarms those of them that wait.
   * @param beforeMs only those armed before this, ms since the Unix epoch; by default all
   * @returns how many they were
   */
  disarm(beforeMs?: number): Promise<number>;
  /** Status of one stream; `idle` for an unknown one. */
  status(stream: string): Promise<StreamStatus>;
  /** All streams that are published, armed, recorded or failed since start-up. */
  streams(): Promise<StreamStatus[]>;
  /**
   * Text of a manifest that is being written at this moment, newer than the file.
   * @param path object path of the manifest
   * @returns undefined when no running recording writes there
   */
  liveManifest(path: string): Promise<string | undefined>;

  /** Closes segments, makes manifests static and ends all sessions; resolves when all is durable. */
  close(): Promise<void>;
}
