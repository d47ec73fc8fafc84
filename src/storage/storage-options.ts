import type { SpoolLimit } from './spool/spool-limit.ts';

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
