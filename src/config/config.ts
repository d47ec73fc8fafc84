import type { IceServer } from '../ingest/ice-server.ts';
import type { RetentionRules } from '../retention/retention-rules.ts';
import type { ShardConfig, SourceConfig } from '../sources/source-options.ts';
import type { SpoolLimit } from '../storage/spool/spool-limit.ts';
import type { StorageConfig } from '../storage/storage-options.ts';
import type { WebhookConfig } from '../webhooks/webhook-options.ts';
import type { CamelCased } from './camel-case.ts';
import type { ConfigFile } from './schema.ts';

/** How much is logged; `silent` is Live777's `off`. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

type HttpTable = ConfigFile['http'];
type WebrtcTable = ConfigFile['webrtc'];
type RecorderTable = ConfigFile['recorder'];

/**
 * The configuration, validated and with all defaults. The keys of a table are described in its
 * schema; this type only names those that are converted.
 */
export interface Config {
  http: CamelCased<Omit<HttpTable, 'listen'>> & {
    /** Host name or IP address to listen on; IPv6 without brackets. */
    host: string;
    /** TCP port; 0 lets the system choose one. */
    port: number;
  };
  log: { level: LogLevel };
  auth: {
    /** Key of HS256 JSON Web Tokens; absent if none are accepted. */
    secret?: string;
    /** Tokens that permit everything. */
    tokens: string[];
  };
  /** Announced to publishers in `Link` headers. */
  iceServers: IceServer[];
  webrtc: CamelCased<Omit<WebrtcTable, 'ice_port_range'>> & {
    /** First and last UDP port for ICE; any port if absent. */
    icePortRange?: [number, number];
  };
  recorder: CamelCased<
    Omit<
      RecorderTable,
      'index_path' | 'storage' | 'retention' | 'sources' | 'shard' | 'webhooks' | 'disk_warnings'
    >
  > & {
    /** Absolute path of the segment index's journal. */
    indexPath: string;
    /** Free space of the disk below which a warning is logged. */
    diskWarnings: SpoolLimit[];
    storage: StorageConfig;
    /** What is deleted, and when. */
    retention: RetentionRules;
    sources: SourceConfig[];
    webhooks: WebhookConfig[];
    /** Absent for all streams. */
    shard?: ShardConfig;
    /** Start without checking the bucket, which may be unavailable. */
    offline: boolean;
  };
  playback: CamelCased<ConfigFile['playback']>;
  /** Tables and keys that only Live777 uses, such as `stream` or `recorder.upload`. */
  ignoredTables: string[];
  /** Notes for the operator about how the file was interpreted, one sentence each. */
  notices: string[];
}
