/** Counters of a track since it was created, over all its SSRCs. */
export interface TrackStatistics {
  /**
   * Packets that arrived in time, each counted once, including retransmissions that filled a gap.
   */
  packetsReceived: number;
  /** Missing packets that were given up, without those whose payloads a later one brought. */
  packetsLost: number;
  /** Lost packets whose payloads a later one brought (RFC 2198). */
  packetsRestored: number;
  /** Packets that arrived because they were requested. */
  packetsRecovered: number;
  /** Packets that arrived by themselves after later ones. */
  packetsReordered: number;
  /** Packets that were received before, or too late to be used. */
  duplicates: number;
  /** Retransmission packets without payload, which senders use to probe the path; not dropped. */
  probes: number;
  /** Packets that were malformed, had an unknown payload type or belonged to no stream; dropped. */
  malformed: number;
  accessUnits: number;
  /** Access units with missing parts. */
  accessUnitsBroken: number;
  /** Video access units at which decoding can start. */
  keyframes: number;
  /** Payload bytes of `packetsReceived`. */
  bytes: number;
  /** Generic NACKs sent, each of which may request many packets. */
  nacksSent: number;
  /** Keyframe requests sent. */
  plisSent: number;
}

/** The counters of a track without packets. */
export function noStatistics(): TrackStatistics {
  return {
    packetsReceived: 0,
    packetsLost: 0,
    packetsRestored: 0,
    packetsRecovered: 0,
    packetsReordered: 0,
    duplicates: 0,
    probes: 0,
    malformed: 0,
    accessUnits: 0,
    accessUnitsBroken: 0,
    keyframes: 0,
    bytes: 0,
    nacksSent: 0,
    plisSent: 0,
  };
}

/** The sum of two sets of counters. */
export function addStatistics(a: TrackStatistics, b: TrackStatistics): TrackStatistics {
  return combine(a, b, (of, more) => of + more);
}

/** The difference between two readings. */
export function subtractStatistics(a: TrackStatistics, b: TrackStatistics): TrackStatistics {
  return combine(a, b, (of, less) => of - less);
}

function combine(
  a: TrackStatistics,
  b: TrackStatistics,
  operation: (a: number, b: number) => number,
): TrackStatistics {
  const result = noStatistics();
  for (const name of Object.keys(result) as (keyof TrackStatistics)[]) {
    result[name] = operation(a[name], b[name]);
  }
  return result;
}
