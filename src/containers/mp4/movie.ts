import { type EditListBox, type IsoBoxStreamable, writeIsoBoxes } from '@svta/cml-iso-bmff';
import type { TrackKind } from '../../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks } from '../../media/media-time.ts';
import type { PictureOrientation } from '../../media/picture-orientation.ts';
import { BOX_HEADER_BYTES, LONGEST_BOX_HEADER_BYTES, writeBoxHeader } from './box.ts';
import {
  BOX_WRITERS,
  dataInformation,
  handler,
  mediaHeader,
  mediaTypeHeader,
  movieHeader,
  trackHeader,
  versionFor,
} from './header-boxes.ts';
import type { SampleTable } from './sample-table.ts';

const UINT32_MAX = 0xffff_ffff;

/** One track of a movie. */
export interface MovieTrack {
  kind: TrackKind;
  /** Ticks a second of its table. */
  timescale: number;
  /** Video: picture size in pixels, by which players lay out; 0 for sound. */
  width: number;
  height: number;
  /** How its pictures have to be turned to be upright. */
  orientation: PictureOrientation;
  /** Sample entries as they stand in the file; chunks of the table name them by place, from 1 on. */
  sampleEntries: Buffer[];
  table: SampleTable;
  /** Time before the track begins. */
  delay: Ticks;
  /** The time of its media that it begins with, in its own ticks: what lies before is decoded, not shown. */
  mediaTime: number;
  /** How long it lasts from there on. */
  duration: Ticks;
}

/**
 * What a file of a movie begins with (`ftyp`, `moov`, and the header of the `mdat`, ISO/IEC 14496-12
 * §4.3, §8), so that players begin, and seek, before they have all of it. The payload of the `mdat`
 * follows. The same tracks always give the same bytes.
 * @param tracks whose tables are finished
 * @param payloadBytes of the `mdat`
 * @returns the bytes as a gather list
 */
export function movieStart(tracks: MovieTrack[], payloadBytes: number): Buffer[] {
  const fileType = write({
    type: 'ftyp',
    majorBrand: 'isom',
    minorVersion: 512,
    compatibleBrands: ['isom', 'iso2', 'mp41'],
  });
  const mdat = mdatHeader(payloadBytes);
  const duration = Math.max(...tracks.map((track) => track.delay + track.duration));
  const header = write(
    movieHeader({ timescale: TICKS_PER_SECOND, duration, nextTrackId: tracks.length + 1 }),
  );
  const boxes = tracks.map((track, i) => trackBoxes(track, i + 1));
  // Where the payload begins, offsets in the moov say; they are of one length wherever that is.
  const moovBytes = (hasLongOffsets: boolean) =>
    tracks.reduce(
      (bytes, { table }, i) => bytes + boxes[i]!.ownBytes + table.byteLength(hasLongOffsets),
      BOX_HEADER_BYTES + header.length,
    );
  const outside = fileType.length + mdat.length;
  const hasLongOffsets = outside + moovBytes(false) + payloadBytes > UINT32_MAX;
  const payloadStart = outside + moovBytes(hasLongOffsets);
  const moov = nest('moov', [
    header,
    ...boxes.flatMap(({ write }) => write(payloadStart, hasLongOffsets)),
  ]);
  return [fileType, ...moov, mdat];
}

/** A `trak`: bytes of all that is not in the table, and the whole as a gather list. */
function trackBoxes(track: MovieTrack, trackId: number) {
  const { kind, timescale, table, width, height, orientation, sampleEntries } = track;
  const duration = track.delay + track.duration;
  const trackHead = write(trackHeader({ kind, trackId, duration, width, height, orientation }));
  const edits = write({ type: 'edts', boxes: [editList(track)] });
  const media = [write(mediaHeader(timescale, table.end)), write(handler(kind))];
  const information = [write(mediaTypeHeader(kind)), write(dataInformation())];
  const count = Buffer.alloc(8);
  count.writeUInt32BE(sampleEntries.length, 4);
  const descriptions = nest('stsd', [count, ...sampleEntries]);
  const around = (tables: Buffer[]) =>
    nest('trak', [
      trackHead,
      edits,
      ...nest('mdia', [
        ...media,
        ...nest('minf', [...information, ...nest('stbl', [...descriptions, ...tables])]),
      ]),
    ]);
  return {
    ownBytes: lengthOf(around([])),
    write: (payloadStart: number, hasLongOffsets: boolean) =>
      around(table.boxes(payloadStart, hasLongOffsets)),
  };
}

/** `elst` (§8.6.6): nothing for a while, then the media from a time on. */
function editList({ delay, mediaTime, duration }: MovieTrack): EditListBox {
  const rate = { mediaRateInteger: 1, mediaRateFraction: 0 };
  const entries = [{ segmentDuration: duration, mediaTime, ...rate }];
  if (delay > 0) entries.unshift({ segmentDuration: delay, mediaTime: -1, ...rate });
  const version = versionFor(Math.max(delay, duration, mediaTime));
  return { type: 'elst', version, flags: 0, entryCount: entries.length, entries };
}

function mdatHeader(payloadBytes: number): Buffer {
  if (payloadBytes + BOX_HEADER_BYTES <= UINT32_MAX) {
    const bytes = Buffer.alloc(BOX_HEADER_BYTES);
    writeBoxHeader(bytes, 0, 'mdat', bytes.length + payloadBytes);
    return bytes;
  }
  const bytes = Buffer.alloc(LONGEST_BOX_HEADER_BYTES);
  writeBoxHeader(bytes, 0, 'mdat', 1); // the size follows (§4.2.2)
  bytes.writeBigUInt64BE(BigInt(bytes.length + payloadBytes), BOX_HEADER_BYTES);
  return bytes;
}

function write(box: IsoBoxStreamable): Buffer {
  const [bytes] = writeIsoBoxes([box], { writers: BOX_WRITERS });
  return Buffer.from(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
}

/** A box around others, without copying them. */
function nest(type: string, within: Buffer[]): Buffer[] {
  const header = Buffer.alloc(BOX_HEADER_BYTES);
  writeBoxHeader(header, 0, type, BOX_HEADER_BYTES + lengthOf(within));
  return [header, ...within];
}

function lengthOf(buffers: Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
