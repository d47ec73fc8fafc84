import type { Config } from '../config/config.ts';

/**
 * What a media worker is told at its start; plain data, because it crosses a thread border. It has the
 * tables of the configuration as they are, so that a new key need not be handed on by name.
 */
export interface WorkerSettings extends Pick<Config, 'webrtc' | 'iceServers'> {
  recorder: Omit<Config['recorder'], 'sources' | 'storage'>;
  /** Storage root, a path of the file system. */
  root: string;
  /** File name of this recorder's lock on the root; undefined where no other can be there. */
  lock: string | undefined;
  /** True where files leave the root for a store. */
  isRemote: boolean;
}
