import type { IceServer } from '../ingest/ice-server.ts';
import type { ShardConfig, SourceConfig } from '../sources/source-options.ts';
import type { StorageConfig } from '../storage/storage-options.ts';
import type { CamelCased } from './camel-case.ts';
import type { ConfigFile } from './schema.ts';

/** How much is logged; `silent` is Live777's `off`. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

type HttpTable = ConfigFile['http'];
type WebrtcTable = ConfigFile['webrtc'];
type RecorderTable = ConfigFile['recorder'];

/**
 * live777.toml, checked and with every default filled in. The keys of a table are in its schema alone,
 * where each is described; named here is what becomes something else when it is read.
 */
export interface Config {
  http: CamelCased<Omit<HttpTable, 'listen'>> & {
    /** Host name or IP address to listen on; IPv6 without brackets. */
    host: string;
    /** TCP port, 0 for one the system picks. */
    port: number;
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
  webrtc: CamelCased<Omit<WebrtcTable, 'ice_port_range'>> & {
    /** First and last UDP port for ICE; absent: any port the system picks. */
    icePortRange?: [number, number];
  };
  recorder: CamelCased<Omit<RecorderTable, 'index_path' | 'storage' | 'sources' | 'shard'>> & {
    /** Absolute path of the segment index's journal. */
    indexPath: string;
    storage: StorageConfig;
    sources: SourceConfig[];
    /** Absent: all streams. */
    shard?: ShardConfig;
    /** Begin without asking the bucket whether it can be used; it may be away. */
    offline: boolean;
  };
  playback: CamelCased<ConfigFile['playback']>;
  /** Tables and keys that mean something to Live777 only, such as `stream` or `recorder.upload`. */
  ignoredTables: string[];
  /** What the operator should know of how the file was read, one sentence each. */
  notices: string[];
}
