import type { TrackStatistics } from './track-receiver.ts';

/** Statistics of a track of which nothing came. */
export function noStatistics(): TrackStatistics {
  return {
    packetsReceived: 0,
    packetsLost: 0,
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

/** What both counted together. */
export function addStatistics(a: TrackStatistics, b: TrackStatistics): TrackStatistics {
  return combine(a, b, (of, more) => of + more);
}

/** What was counted between two readings. */
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
