import type { TrackKind } from '../../media/access-unit.ts';

/**
 * Timestamps a second: the default of Matroska (TimestampScale, RFC 9559 §5.1.2.9), and what all players
 * expect. Blocks count them from the beginning of their cluster in 16 bits with sign.
 */
export const TIMESTAMPS_A_SECOND = 1000;

/** What TimestampScale, CodecDelay and SeekPreRoll count in. */
export const NS_PER_SECOND = 1e9;

/** Numbers of our tracks; each file holds one, and its number tells which kind it is. */
export const TRACK_NUMBER: Record<TrackKind, number> = { video: 1, audio: 2 };

/** Values of TrackType (RFC 9559 §5.1.4.1.3). */
export const TRACK_TYPE: Record<TrackKind, number> = { video: 1, audio: 2 };
