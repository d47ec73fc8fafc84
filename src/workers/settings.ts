import type { IceServer } from '../ingest/ice-server.ts';
import type { OnLoss } from '../recording/video-track.ts';

/** What a media worker is told at its start; a plain object, because it crosses a thread border. */
export interface WorkerSettings {
  /** Storage root, a path of the file system. */
  root: string;
  /** File name of this recorder's lock on the root; undefined where no other can be there. */
  lock: string | undefined;
  /** True where files leave the root for a store. */
  isRemote: boolean;
  segmentSeconds: number;
  onLoss: OnLoss;
  maxRecordingSeconds: number;
  /** A publisher that was lost and comes back within this goes on in the same record. */
  resumeGraceSeconds: number;
  /** `[webrtc] ice_udp_addrs`. */
  iceAddresses: string[];
  icePortRange: [number, number] | undefined;
  /** STUN and TURN servers for streams that we pull. */
  iceServers: IceServer[];
  /** `[recorder] auto_streams`: glob patterns. */
  autoStreams: string[];
}
