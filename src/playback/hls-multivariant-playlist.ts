import { Refusal } from '../refusal.ts';
import { isIndependent, leftOut, type RangeTrack, type RecordedRange } from './recorded-range.ts';

/** Where the Media Playlists are, relative to the Multivariant Playlist. */
export interface HlsMediaPlaylists {
  video: string;
  audio: string;
}

/** What the manifests do not tell of a range. */
export interface MediaFacts {
  /** Codecs strings of what stands in for tracks. */
  fillerCodecs?: readonly string[];
  /** Pictures a second. */
  frameRate?: number | undefined;
}

/**
 * The Multivariant Playlist of a range (RFC 8216bis §4.4.6): one variant, the sound a rendition of its
 * own, since a recorded file holds one track. It begins to play exactly where the range does.
 * @param range with a Period at least
 * @param isLive more is to come, and players begin near its end
 * @throws Refusal `other-container` for what HLS cannot carry
 */
export function hlsMultivariantPlaylist(
  range: RecordedRange,
  isLive: boolean,
  addresses: HlsMediaPlaylists,
  { fillerCodecs = [], frameRate }: MediaFacts = {},
): string {
  const { periods, startUs } = range;
  checkForHls(range);
  const video = periods.flatMap((period) => period.video ?? []);
  const audio = periods.flatMap((period) => period.audio ?? []);
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7'];
  const note = leftOut(range);
  if (note !== undefined) lines.push(`# ${note}`);
  if (periods.every(isIndependent)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  const beforeSeconds = (startUs - periods[0]!.startUs) / 1e6;
  if (!isLive && beforeSeconds > 0) {
    lines.push(`#EXT-X-START:TIME-OFFSET=${beforeSeconds.toFixed(3)},PRECISE=YES`);
  }
  const hasRendition = video.length > 0 && audio.length > 0;
  if (hasRendition) {
    const channels = Math.max(...audio.map((track) => track.channels ?? 2));
    lines.push(
      `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="${channels}",URI="${addresses.audio}"`,
    );
  }
  const rates = [bitRate(video), bitRate(audio)];
  const codecs = new Set([
    ...video.map((track) => track.codecs),
    ...fillerCodecs,
    ...audio.map((track) => track.codecs),
  ]);
  const attributes = [
    `BANDWIDTH=${Math.ceil(rates[0]!.peak + rates[1]!.peak)}`,
    `AVERAGE-BANDWIDTH=${Math.ceil(rates[0]!.average + rates[1]!.average)}`,
    `CODECS="${[...codecs].join(',')}"`,
  ];
  const sizes = video.filter(({ width, height }) => width !== undefined && height !== undefined);
  const largest = sizes.toSorted((a, b) => b.width! * b.height! - a.width! * a.height!)[0];
  if (largest !== undefined) attributes.push(`RESOLUTION=${largest.width}x${largest.height}`);
  if (video.length > 0) {
    if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
    // Players that know of none look for them in the pictures.
    attributes.push('CLOSED-CAPTIONS=NONE');
  }
  if (hasRendition) attributes.push('AUDIO="audio"');
  lines.push(`#EXT-X-STREAM-INF:${attributes.join(',')}`);
  lines.push(video.length > 0 ? addresses.video : addresses.audio);
  return `${lines.join('\n')}\n`;
}

/** @throws Refusal `other-container` for a range that HLS cannot carry */
export function checkForHls({ stream, periods }: RecordedRange): void {
  for (const { video, audio } of periods) {
    for (const track of [video, audio]) {
      if (track === undefined || track.container === 'mp4') continue;
      throw new Refusal(
        'other-container',
        `HLS carries no WebM, as which ${track.codecs} of ${stream} is recorded in this range; play its manifest.mpd (DASH) instead`,
      );
    }
  }
}

/** Bits a second of segments, which have a duration. */
function bitRate(tracks: RangeTrack[]): { peak: number; average: number } {
  let peak = 0;
  let bits = 0;
  let seconds = 0;
  for (const { segments, timescale } of tracks) {
    for (const { size, duration } of segments) {
      peak = Math.max(peak, (size * 8 * timescale) / duration);
      bits += size * 8;
      seconds += duration / timescale;
    }
  }
  return { peak, average: seconds === 0 ? 0 : bits / seconds };
}
