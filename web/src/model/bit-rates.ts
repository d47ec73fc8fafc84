import type { StreamStatus } from '../api/types.ts';

/** How many samples are kept: as many seconds, where the recorder tells of each. */
export const SAMPLES = 60;

const rates = new Map<string, number[]>();

/** Bits a second of all tracks of a stream; 0 while nothing comes. */
export function bitRateOf({ tracks }: StreamStatus): number {
  return tracks.reduce((sum, track) => sum + (track.bits_per_second ?? 0), 0);
}

/** Notes what the bit rates of all streams are at this moment. */
export function noteBitRates(streams: StreamStatus[]): void {
  const present = new Set<string>();
  for (const status of streams) {
    if (status.tracks.length === 0) continue;
    present.add(status.stream);
    const samples = rates.get(status.stream) ?? [];
    rates.set(status.stream, [...samples, bitRateOf(status)].slice(-SAMPLES));
  }
  for (const stream of rates.keys()) if (!present.has(stream)) rates.delete(stream);
}

/** The latest bit rates of a stream, the newest last. */
export function bitRatesOf(stream: string): number[] {
  return rates.get(stream) ?? [];
}
