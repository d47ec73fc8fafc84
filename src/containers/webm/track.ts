import type { TrackKind } from '../../media/access-unit.ts';

/**
 * Timestamps per second: the default of Matroska (TimestampScale, RFC 9559 §5.1.2.9), which all
 * players expect. Blocks count them from the beginning of their cluster in signed 16 bits.
 */
export const TIMESTAMPS_A_SECOND = 1000;

/** Unit of TimestampScale, CodecDelay and SeekPreRoll. */
export const NS_PER_SECOND = 1e9;

/** Track numbers; each file has one track, whose number shows its kind. */
export const TRACK_NUMBER: Record<TrackKind, number> = { video: 1, audio: 2 };

/** Values of TrackType (RFC 9559 §5.1.4.1.3). */
export const TRACK_TYPE: Record<TrackKind, number> = { video: 1, audio: 2 };
