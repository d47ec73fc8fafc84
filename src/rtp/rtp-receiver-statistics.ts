import type { LayerStatistics } from './layered-track.ts';
import type { TrackStatistics } from './track-statistics.ts';

/** Counters of an `RtpReceiver`. Every dropped packet is counted in one of the first four. */
export interface RtpReceiverStatistics {
  /** RTP and RTCP packets that failed authentication: forged, damaged, or with other keys. */
  authenticationFailures: number;
  /** RTP and RTCP packets that were received before, or are too old to tell. */
  replayed: number;
  /** RTP and RTCP packets with inconsistent lengths. */
  malformed: number;
  /** RTP packets that belong to no section, or to a stream that is not in use. */
  unroutable: number;
  /** By MID. For a track with several layers, only what was used is counted. */
  tracks: Map<string, TrackStatistics & { layer?: LayerStatistics }>;
}
