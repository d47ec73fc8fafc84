import type { SpoolLimit } from './spool/spool-limit.ts';

/** Recordings in folders below {@link FsStorage.root}. */
export interface FsStorage {
  type: 'fs';
  /** Absolute path of the folder that holds all recordings. */
  root: string;
}

/** The spool of a bucket. */
export interface SpoolConfig {
  /** Absolute path of its folder. */
  folder: string;
  /** Maximum amount of waiting data. */
  limit: SpoolLimit;
  /**
   * Policy above the limit. `stop`: no new recording begins. Otherwise the oldest segments of
   * streams that match one of these patterns are deleted without upload.
   */
  full: 'stop' | { dropStreams: string[] };
}

/** Recordings in a bucket of an S3 service. */
export interface S3Storage {
  type: 's3';
  bucket: string;
  /** Key prefix in the bucket, without slashes at either end; empty for the bucket itself. */
  root: string;
  region?: string;
  endpoint?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  /** Ignore credentials and settings from the environment, profiles and the metadata service. */
  disableConfigLoad: boolean;
  /** Put the bucket into the host name instead of the path. */
  enableVirtualHostStyle: boolean;
}

/** A bucket and its spool. */
export type BucketConfig = (S3Storage | OssStorage) & { spool: SpoolConfig };

/** Recordings in a bucket of Alibaba Cloud OSS. */
export interface OssStorage {
  type: 'oss';
  bucket: string;
  /** Key prefix in the bucket, without slashes at either end; empty for the bucket itself. */
  root: string;
  region?: string;
  endpoint?: string;
  accessKeyId?: string;
  accessKeySecret?: string;
  securityToken?: string;
}

/** Where recordings are stored: `[recorder.storage]`. */
export type StorageConfig = FsStorage | BucketConfig;
