import type { PictureSize } from './media/picture-size.ts';
import type { TrackStatistics } from './rtp/track-statistics.ts';

/** Sources of a track's figures. */
export interface TrackReading {
  /** Counters of the reception since the publisher connected. */
  received: TrackStatistics;
  /** Rates over the last few seconds; undefined during the first one. */
  rates: TrackRates | undefined;
  /**
   * Duration of the recording in which silence, or the previous picture, replaces lost media, ms.
   */
  concealedMs: number;
  /** From the codec configuration of the present Period; undefined without one. */
  pictureSize: PictureSize | undefined;
}

/** Rates of a track. */
export interface TrackRates {
  bitsPerSecond: number;
  /** Complete access units per second. */
  framesPerSecond: number;
}

/** One figure of a track. */
export interface TrackFigure {
  /** A counter only increases while its publisher stays; a gauge may be absent. */
  type: 'counter' | 'gauge';
  unit: 'packets' | 'frames' | 'requests' | 'bytes' | 'ms' | 'bit/s' | 'frames/s' | 'pixels';
  help: string;
  read(reading: TrackReading): number | undefined;
}

/**
 * All figures of a track, by their names in `GET /api/record/{stream}`. Its schema, the state and
 * the metrics are generated from this table.
 */
export const TRACK_FIGURES = {
  packets_received: {
    type: 'counter',
    unit: 'packets',
    help: 'RTP packets received in time.',
    read: ({ received }) => received.packetsReceived,
  },
  packets_lost: {
    type: 'counter',
    unit: 'packets',
    help: 'RTP packets that were lost for good, despite retransmission requests and redundancy.',
    read: ({ received }) => received.packetsLost,
  },
  packets_recovered: {
    type: 'counter',
    unit: 'packets',
    help: 'RTP packets recovered by retransmission.',
    read: ({ received }) => received.packetsRecovered,
  },
  packets_restored: {
    type: 'counter',
    unit: 'packets',
    help: 'RTP packets that were lost and whose payload a later packet brought (RFC 2198).',
    read: ({ received }) => received.packetsRestored,
  },
  packets_dropped: {
    type: 'counter',
    unit: 'packets',
    help: 'RTP packets that were malformed or duplicates.',
    read: ({ received }) => received.malformed + received.duplicates,
  },
  access_units: {
    type: 'counter',
    unit: 'frames',
    help: 'Complete frames received.',
    read: ({ received }) => received.accessUnits,
  },
  access_units_broken: {
    type: 'counter',
    unit: 'frames',
    help: 'Incomplete frames.',
    read: ({ received }) => received.accessUnitsBroken,
  },
  keyframes: {
    type: 'counter',
    unit: 'frames',
    help: 'Frames at which decoding can start.',
    read: ({ received }) => received.keyframes,
  },
  concealed_ms: {
    type: 'counter',
    unit: 'ms',
    help: 'Duration of lost media that was replaced in the recording: sound by silence, pictures by the previous one.',
    read: ({ concealedMs }) => concealedMs,
  },
  nacks_sent: {
    type: 'counter',
    unit: 'requests',
    help: 'Retransmission requests sent.',
    read: ({ received }) => received.nacksSent,
  },
  plis_sent: {
    type: 'counter',
    unit: 'requests',
    help: 'Keyframe requests sent.',
    read: ({ received }) => received.plisSent,
  },
  bytes: {
    type: 'counter',
    unit: 'bytes',
    help: 'Payload bytes received.',
    read: ({ received }) => received.bytes,
  },
  bits_per_second: {
    type: 'gauge',
    unit: 'bit/s',
    help: 'Bit rate of the received payload over the last few seconds.',
    read: ({ rates }) => rates && Math.round(rates.bitsPerSecond),
  },
  frames_per_second: {
    type: 'gauge',
    unit: 'frames/s',
    help: 'Complete frames received per second, over the last few seconds.',
    read: ({ rates }) => rates && Math.round(rates.framesPerSecond * 10) / 10,
  },
  width: {
    type: 'gauge',
    unit: 'pixels',
    help: 'Width of the recorded pictures.',
    read: ({ pictureSize }) => pictureSize?.width,
  },
  height: {
    type: 'gauge',
    unit: 'pixels',
    help: 'Height of the recorded pictures.',
    read: ({ pictureSize }) => pictureSize?.height,
  },
} as const satisfies Record<string, TrackFigure>;

type Figures = typeof TRACK_FIGURES;

/** The name of a figure. */
export type TrackFigureName = keyof Figures;

/** Name of a figure that is always present. */
export type TrackCounterName = {
  [Name in TrackFigureName]: Figures[Name]['type'] extends 'counter' ? Name : never;
}[TrackFigureName];

/** Name of a figure that may be absent. */
export type TrackGaugeName = Exclude<TrackFigureName, TrackCounterName>;

/** The figures of a track by name. */
export type TrackFigures = Record<TrackCounterName, number> &
  Partial<Record<TrackGaugeName, number>>;

/** All figures with their names, in the order of the table. */
export function trackFigures(): [TrackFigureName, TrackFigure][] {
  return Object.entries(TRACK_FIGURES) as [TrackFigureName, TrackFigure][];
}

/** Reads all figures of a track. */
export function readFigures(reading: TrackReading): TrackFigures {
  const figures: Partial<Record<TrackFigureName, number>> = {};
  for (const [name, figure] of trackFigures()) {
    const value = figure.read(reading);
    if (value !== undefined) figures[name] = value;
  }
  return figures as TrackFigures;
}
