import type { TrackKind } from '../media/access-unit.ts';
import { Refusal } from '../refusal.ts';
import { fillerSegments, trackToFillLike } from './filler-segments.ts';
import { objectAddress } from './object-address.ts';
import {
  isIndependent,
  leftOut,
  type RangePeriod,
  type RangeTrack,
  type RecordedRange,
} from './recorded-range.ts';

/** How a {@link hlsMediaPlaylist} is written. */
export interface HlsPlaylistOptions {
  /** More is to come: players look for segments that were added at the end. */
  isLive: boolean;
  /** Address of objects, relative to that of the playlist; ends in a slash. */
  objectRoot: string;
  /** Duration that segments aim at, seconds. */
  segmentSeconds: number;
}

/** Resources beside the playlist, which are made by `Fillers`. */
export const FILLER_NAME = 'filler.m4s';
export const FILLER_INIT_NAME = 'filler-init.m4s';

/** How far the time of day that a player counts on to may be off before it is told anew, µs. */
const TOLERANCE_US = 10_000;

/** A segment as a playlist lists it. */
interface ListedSegment {
  seconds: number;
  /** Wall clock of its start, µs since the Unix epoch. */
  startUs: number;
  address: string;
}

/** What a playlist lists of a Period. */
interface ListedPeriod {
  /** Address of the initialization segment. */
  map: string;
  segments: ListedSegment[];
}

/**
 * The Media Playlist of one track of a range (RFC 8216bis §4.4.3). Each Period begins with a
 * discontinuity, in both tracks, so that players lay beside each other what belongs together; where it
 * has no such track, there is a filler. The time of day is told where a Period begins and wherever the
 * durations alone would miss it.
 * @param range with a Period at least; its files are MP4
 * @throws Refusal `no-media` where no Period has such a track
 */
export function hlsMediaPlaylist(
  range: RecordedRange,
  kind: TrackKind,
  { isLive, objectRoot, segmentSeconds }: HlsPlaylistOptions,
): string {
  const { stream, periods } = range;
  let longest = segmentSeconds;
  const lines: string[] = [];
  for (const [at, period] of periods.entries()) {
    if (at > 0) lines.push('#EXT-X-DISCONTINUITY');
    const track = period[kind];
    const like = track ?? trackToFillLike(periods, at, kind);
    if (like === undefined) {
      throw new Refusal('no-media', `no ${kind} is recorded of ${stream} in this range`);
    }
    const { map, segments } =
      track === undefined ? filled(period, like, objectRoot) : recorded(track, objectRoot);
    lines.push(`#EXT-X-MAP:URI="${map}"`);
    let expectedUs = Number.NaN;
    for (const { seconds, startUs, address } of segments) {
      longest = Math.max(longest, seconds);
      if (!(Math.abs(startUs - expectedUs) <= TOLERANCE_US)) {
        lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startUs / 1000).toISOString()}`);
        expectedUs = startUs;
      }
      expectedUs += seconds * 1e6;
      lines.push(`#EXTINF:${seconds.toFixed(6)},`, address);
    }
  }
  const head = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.round(longest)}`,
    `#EXT-X-PLAYLIST-TYPE:${isLive ? 'EVENT' : 'VOD'}`,
  ];
  const note = leftOut(range);
  if (note !== undefined) head.push(`# ${note}`);
  if (periods.every(isIndependent)) head.push('#EXT-X-INDEPENDENT-SEGMENTS');
  if (!isLive) lines.push('#EXT-X-ENDLIST');
  return `${[...head, ...lines].join('\n')}\n`;
}

function recorded({ initPath, segments, timescale }: RangeTrack, root: string): ListedPeriod {
  return {
    map: objectAddress(root, initPath),
    segments: segments.map(({ duration, startUs, path }) => ({
      ...{ seconds: duration / timescale, startUs, address: objectAddress(root, path) },
    })),
  };
}

/** Silence goes on with the initialization of the sound, black pictures have one of their own. */
function filled(
  period: RangePeriod,
  { kind, initPath, timescale }: RangeTrack,
  root: string,
): ListedPeriod {
  const like = `like=${encodeURIComponent(initPath)}`;
  return {
    map: kind === 'audio' ? objectAddress(root, initPath) : `${FILLER_INIT_NAME}?${like}`,
    segments: fillerSegments(period, timescale).map(({ time, duration, startUs }) => ({
      seconds: duration / timescale,
      startUs,
      address: `${FILLER_NAME}?${like}&time=${time}&duration=${duration}`,
    })),
  };
}
