import type { TrackFormat } from '../container.ts';
import { writeBox } from './box.ts';

/** Maximum width of a picture in a track header, pixels. */
const MOST_WIDTH = 0xffff;

/**
 * The boxes of a visual sample entry for the presentation of its pictures: `pasp` (ISO/IEC 14496-12
 * §12.1.4) and `colr` (§12.1.5). None if the stream does not declare them.
 */
export function pictureBoxes({
  sampleAspectRatio,
  colour,
}: TrackFormat): ReturnType<typeof writeBox>[] {
  const found: ReturnType<typeof writeBox>[] = [];
  if (sampleAspectRatio !== undefined) {
    const data = Buffer.alloc(8);
    data.writeUInt32BE(sampleAspectRatio.width);
    data.writeUInt32BE(sampleAspectRatio.height, 4);
    found.push(writeBox('pasp', data));
  }
  if (colour !== undefined) {
    const data = Buffer.alloc(11);
    data.write('nclx', 'latin1');
    data.writeUInt16BE(colour.primaries, 4);
    data.writeUInt16BE(colour.transfer, 6);
    data.writeUInt16BE(colour.matrix, 8);
    data[10] = colour.fullRange ? 0x80 : 0;
    found.push(writeBox('colr', data));
  }
  return found;
}

/**
 * The width of a picture as shown, pixels; the height stays the same (ISO/IEC 14496-12 §12.1.4.1).
 */
export function shownWidth({ width = 0, sampleAspectRatio }: TrackFormat): number {
  if (sampleAspectRatio === undefined) return width;
  const shown = Math.round((width * sampleAspectRatio.width) / sampleAspectRatio.height);
  return Math.min(MOST_WIDTH, Math.max(1, shown));
}
