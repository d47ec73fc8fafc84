import type { Config } from '../config/config.ts';

/**
 * Settings that a media worker gets at its start; plain data, because they cross a thread boundary.
 * They contain whole tables of the configuration, so that a new key needs no line here.
 */
export interface WorkerSettings extends Pick<Config, 'webrtc' | 'iceServers'> {
  recorder: Omit<
    Config['recorder'],
    'sources' | 'storage' | 'retention' | 'webhooks' | 'diskWarnings'
  >;
  /** Storage root, a path in the file system. */
  root: string;
  /**
   * File name of this recorder's lock on the root; undefined if no other recorder can use the root.
   */
  lock: string | undefined;
  /** True if files are moved from the root to a store. */
  isRemote: boolean;
}
