import type { IceServer } from '../recorder.ts';
import type { SpoolLimit } from './spool-limit.ts';

/** How much is logged; `silent` is Live777's `off`. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Recordings in folders below {@link FsStorage.root}. */
export interface FsStorage {
  type: 'fs';
  /** Absolute path of the folder that holds all recordings. */
  root: string;
}

/** Where what is recorded waits until a bucket has it. */
export interface SpoolConfig {
  /** Absolute path of its folder. */
  folder: string;
  /** How much may wait. */
  limit: SpoolLimit;
  /**
   * What happens beyond the limit: `stop`: nothing new is recorded; else the oldest segments of the
   * streams that match one of these patterns are deleted, though no store has them.
   */
  full: 'stop' | { dropStreams: string[] };
}

/** Recordings in a bucket of an S3 service. */
export interface S3Storage {
  type: 's3';
  bucket: string;
  /** Key prefix inside the bucket, without slashes at either end; empty for the bucket itself. */
  root: string;
  region?: string;
  endpoint?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  /** Take no credentials or settings from the environment, profiles or the metadata service. */
  disableConfigLoad: boolean;
  /** Put the bucket into the host name instead of the path. */
  enableVirtualHostStyle: boolean;
}

/** A bucket, and what stands before it. */
export type BucketConfig = (S3Storage | OssStorage) & { spool: SpoolConfig };

/** Recordings in a bucket of Alibaba Cloud OSS. */
export interface OssStorage {
  type: 'oss';
  bucket: string;
  /** Key prefix inside the bucket, without slashes at either end; empty for the bucket itself. */
  root: string;
  region?: string;
  endpoint?: string;
  accessKeyId?: string;
  accessKeySecret?: string;
  securityToken?: string;
}

/** Where recordings are kept: `[recorder.storage]`. */
export type StorageConfig = FsStorage | BucketConfig;

/** A Live777 node, or a Liveman for all of its cluster, whose streams we pull. */
export interface NodeSourceConfig {
  /** Base address, without a trailing slash. */
  url: string;
  token?: string;
}

/** One stream of any WHEP server. */
export interface WhepSourceConfig {
  /** Address of the WHEP endpoint; may carry a secret in its query. */
  whep: string;
  /** What the stream is called here. */
  stream: string;
  token?: string;
}

/** Where streams are pulled from: one `[[recorder.sources]]`. */
export type SourceConfig = NodeSourceConfig | WhepSourceConfig;

/** The part of all streams that this recorder takes care of, among several that share a cluster. */
export interface ShardConfig {
  /** Which of the recorders this is, from 0. */
  index: number;
  /** How many recorders there are. */
  count: number;
}

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
