import type { IceServer } from '../ingest/ice-server.ts';
import type { ShardConfig, SourceConfig } from '../sources/source-options.ts';
import type { StorageConfig } from '../storage/storage-options.ts';

/** How much is logged; `silent` is Live777's `off`. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** live777.toml, checked and with every default filled in. */
export interface Config {
  http: {
    /** Host name or IP address to listen on; IPv6 without brackets. */
    host: string;
    /** TCP port, 0 for one the system picks. */
    port: number;
    /** Answer requests of pages from any other origin. */
    cors: boolean;
    /** Names under which browsers may call us where no tokens are set, beside those known anyway. */
    hosts: string[];
    /** Addresses and networks of proxies whose `X-Forwarded-*` headers are believed. */
    trustProxy: string[];
    /** Seconds in which a request must have come whole, its body included. */
    requestTimeoutSeconds: number;
  };
  log: { level: LogLevel };
  auth: {
    /** Key of HS256 JSON Web Tokens; absent when none are accepted. */
    secret?: string;
    /** Tokens that may do everything. */
    tokens: string[];
  };
  /** Named to publishers in `Link` headers. */
  iceServers: IceServer[];
  webrtc: {
    /** Where ICE listens: `auto`, or an IP address with or without a port (0: any). */
    iceUdpAddrs: string[];
    /** First and last UDP port for ICE; absent: any port the system picks. */
    icePortRange?: [number, number];
  };
  recorder: {
    /** Patterns of the streams that are recorded as soon as somebody publishes them. */
    autoStreams: string[];
    /** How many streams may wait at a time for a publisher to be recorded. */
    maxArmedStreams: number;
    /** What this node is called in the segment index. */
    nodeAlias: string;
    /** Seconds after which a new record begins without losing a frame; 0: only at midnight UTC. */
    maxRecordingSeconds: number;
    /** Seconds a segment should last; it ends at the first keyframe after. */
    segmentSeconds: number;
    /** Names of the codecs that are recorded, most wanted first; at least one of each kind. */
    codecs: string[];
    /** After a loss: leave out what cannot be decoded, or record every access unit that came. */
    onLoss: 'freeze' | 'keep';
    /** Absolute path of the segment index's journal. */
    indexPath: string;
    /** Days after which segments and records leave index and catalogue; 0: never. */
    indexRetentionDays: number;
    /** How many threads host recordings. */
    workers: number;
    storage: StorageConfig;
    sources: SourceConfig[];
    /** Seconds a stream that was lost may stay away before its record is over. */
    resumeGraceSeconds: number;
    /** Absent: all streams. */
    shard?: ShardConfig;
    /** Begin without asking the bucket whether it can be used; it may be away. */
    offline: boolean;
  };
  playback: {
    /** Send players to signed addresses of the bucket instead of passing its bytes on. */
    signedRedirect: boolean;
    /** Seconds that such an address is good for. */
    signedTtlSeconds: number;
  };
  /** Tables and keys that mean something to Live777 only, such as `stream` or `recorder.upload`. */
  ignoredTables: string[];
  /** What the operator should know of how the file was read, one sentence each. */
  notices: string[];
}
