/** What a media worker is told at its start; a plain object, because it crosses a thread border. */
export interface WorkerSettings {
  /** Storage root, a path of the file system. */
  root: string;
  segmentSeconds: number;
  /** `[webrtc] ice_udp_addrs`. */
  iceAddresses: string[];
  icePortRange: [number, number] | undefined;
  /** `[recorder] auto_streams`: glob patterns. */
  autoStreams: string[];
}
