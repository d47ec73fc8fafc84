import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIvf } from '../codecs/encoded-frames.ts';
import { runTool } from '../media/tool.ts';
import { accessUnits, nalType, nalUnits } from '../publisher/annex-b.ts';
import type { SimulatedFrame } from '../recording/simulated-publisher.ts';

/** Columns of the picture: each is a bit of its number, the first the lowest; white is 1. */
export const CLOCK_BITS = 16;

/** Pictures a second. */
export const CLOCK_RATE = 30;

const ENCODERS = {
  h264: [
    ...['libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'],
    ...['-x264-params', 'keyint=60:min-keyint=60:scenecut=0:repeat-headers=1:threads=1'],
    ...['-f', 'h264'],
  ],
  vp8: [
    ...['libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
    ...['-g', '60', '-b:v', '1M', '-f', 'ivf'],
  ],
};

/**
 * Encodes pictures that each say their number, from 0 on, so that what a player shows can be read from
 * its pixels: 320 × 180, a keyframe each two seconds.
 */
export async function encodeClockPictures(
  folder: string,
  codec: keyof typeof ENCODERS,
  count: number,
): Promise<SimulatedFrame[]> {
  const file = join(folder, `clock.${codec}`);
  const source = `color=black:size=${CLOCK_BITS}x2:rate=${CLOCK_RATE},format=gray`;
  const bits = `geq=lum='255*mod(floor(N/pow(2,X)),2)'`;
  await runTool('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', source, '-frames:v', String(count)],
    ...['-vf', `${bits},scale=320:180:flags=neighbor,setsar=1,format=yuv420p`],
    ...['-c:v', ...ENCODERS[codec], file],
  ]);
  const encoded = await readFile(file);
  if (codec === 'h264') {
    return accessUnits(nalUnits(encoded)).map((units) => ({
      keyframe: units.some((unit) => nalType(unit) === 5),
      units,
    }));
  }
  // The lowest bit of a frame's first byte is 0 in a keyframe (RFC 7741 §4.3).
  return readIvf(encoded).map((frame) => ({
    ...{ codec, keyframe: (frame[0]! & 1) === 0, units: [frame] },
  }));
}

/** What a page showed at one picture of its first tile. */
export interface ShownPicture {
  /** Numbers of the pictures of its tiles. */
  numbers: number[];
  /** What its clock said, ms since the Unix epoch. */
  clockMs: number;
  /** When it was shown, by `performance.now()`. */
  shownAt: number;
  /** Media time of the first tile's, seconds. */
  mediaTime: number;
  /** Which of its pictures it was, from 1 on: a busy page is told of some only when the next one is shown. */
  presented: number;
}

/**
 * The numbers of the first tile's pictures by their media time. A busy page draws a picture that is later than
 * the one of which it was told, never one that is earlier.
 * @returns number of a picture, not rounded; {@link CLOCK_RATE} a second
 */
export function numberedByTime(shown: readonly ShownPicture[]): (mediaTime: number) => number {
  const from = shown.map(({ numbers, mediaTime }) => numbers[0]! - mediaTime * CLOCK_RATE);
  const zero = Math.min(...from);
  return (mediaTime) => zero + mediaTime * CLOCK_RATE;
}

/**
 * For the page: the pictures that its first tile shows within some time, each read at the moment at which
 * it is shown; the next one, if there is none in it.
 * @param seconds how long, beginning with the next picture
 */
export function shownPictures(seconds: number): string {
  return `new Promise((resolve) => {
    const [video] = document.querySelectorAll('.tile video');
    const clock = document.getElementById('playback-clock');
    const shown = [];
    const look = (shownAt, { mediaTime, presentedFrames: presented }) => {
      const clockMs = Date.parse(clock.dateTime);
      shown.push({ numbers: ${SHOWN_NUMBERS}, clockMs, shownAt, mediaTime, presented });
      if (shownAt - shown[0].shownAt < ${seconds * 1000}) video.requestVideoFrameCallback(look);
      else resolve(shown);
    };
    video.requestVideoFrameCallback(look);
  })`;
}

/** For the page: the numbers of the pictures that its tiles show. */
export const SHOWN_NUMBERS = `[...document.querySelectorAll('.tile video')].map((video) => {
  const canvas = new OffscreenCanvas(${CLOCK_BITS}, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingEnabled = false;
  context.drawImage(video, 0, 0, ${CLOCK_BITS}, 1);
  const { data } = context.getImageData(0, 0, ${CLOCK_BITS}, 1);
  let number = 0;
  for (let bit = 0; bit < ${CLOCK_BITS}; bit++) if (data[bit * 4] > 127) number += 2 ** bit;
  return number;
})`;
