import type { TrackKind } from '../media/access-unit.ts';
import { objectAddress } from './object-address.ts';
import { isIndependent, type RecordedRange, tracksOf } from './recorded-range.ts';

/** How a {@link hlsMediaPlaylist} is written. */
export interface HlsPlaylistOptions {
  /** More is to come: players look for segments that were added at the end. */
  isLive: boolean;
  /** Address of objects, relative to that of the playlist; ends in a slash. */
  objectRoot: string;
  /** Duration that segments aim at, seconds. */
  segmentSeconds: number;
}

/** How far the time of day that a player counts on to may be off before it is told anew, µs. */
const TOLERANCE_US = 10_000;

/**
 * The Media Playlist of one track of a range (RFC 8216bis §4.4.3). Each Period begins with a
 * discontinuity, in both tracks, so that players lay beside each other what belongs together; where it
 * has no such track, there are gaps in the place of the other's segments. The time of day is told where
 * a Period begins and wherever the durations alone would miss it.
 * @param range with a Period at least; its files are MP4
 */
export function hlsMediaPlaylist(
  { periods }: RecordedRange,
  kind: TrackKind,
  { isLive, objectRoot, segmentSeconds }: HlsPlaylistOptions,
): string {
  let longest = segmentSeconds;
  let hasGap = false;
  const lines: string[] = [];
  for (const [at, period] of periods.entries()) {
    if (at > 0) lines.push('#EXT-X-DISCONTINUITY');
    const track = period[kind];
    const { segments, timescale } = track ?? tracksOf(period)[0]!;
    if (track === undefined) hasGap = true;
    else lines.push(`#EXT-X-MAP:URI="${objectAddress(objectRoot, track.initPath)}"`);
    let expectedUs = Number.NaN;
    for (const { duration, startUs, path } of segments) {
      const seconds = duration / timescale;
      longest = Math.max(longest, seconds);
      if (!(Math.abs(startUs - expectedUs) <= TOLERANCE_US)) {
        lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startUs / 1000).toISOString()}`);
        expectedUs = startUs;
      }
      expectedUs += seconds * 1e6;
      if (track === undefined) lines.push('#EXT-X-GAP');
      lines.push(`#EXTINF:${seconds.toFixed(6)},`, objectAddress(objectRoot, path));
    }
  }
  const head = [
    '#EXTM3U',
    `#EXT-X-VERSION:${hasGap ? 8 : 7}`,
    `#EXT-X-TARGETDURATION:${Math.round(longest)}`,
    `#EXT-X-PLAYLIST-TYPE:${isLive ? 'EVENT' : 'VOD'}`,
  ];
  if (periods.every(isIndependent)) head.push('#EXT-X-INDEPENDENT-SEGMENTS');
  if (!isLive) lines.push('#EXT-X-ENDLIST');
  return `${[...head, ...lines].join('\n')}\n`;
}
