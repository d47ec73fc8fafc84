import {
  type EditBox,
  type FileTypeBox,
  type MovieBox,
  type SampleDescriptionBox,
  writeAudioSampleEntryBox,
  writeIsoBoxes,
  writeVisualSampleEntryBox,
} from '@svta/cml-iso-bmff';
import { type PictureOrientation, UPRIGHT } from '../../media/picture-orientation.ts';
import type { TrackFormat } from '../container.ts';
import { writeBox } from './box.ts';
import { TRACK_ID } from './chunk.ts';
import {
  BOX_WRITERS,
  dataInformation,
  handler,
  mediaHeader,
  mediaTypeHeader,
  movieHeader,
  trackHeader,
} from './header-boxes.ts';
import { pictureBoxes, shownWidth } from './picture-boxes.ts';

type SampleEntryBox = SampleDescriptionBox['entries'][number];

/**
 * The CMAF header (`ftyp` and `moov`, ISO/IEC 23000-19 §7.3.1) of a track. Equal tracks give the
 * same bytes.
 *
 * An edit list subtracts a composition delay (ISO/IEC 14496-12 §8.6.6), so that presentation times
 * are correct. Many readers, including FFmpeg, do not handle signed offsets correctly.
 * @throws RangeError for a picture that the boxes cannot represent
 */
export function initializationSegment(track: TrackFormat): Buffer {
  const { kind, timescale, compositionDelay = 0, sampleEntry } = track;
  const { width = 0, height = 0 } = track;
  if (kind === 'video' && !(width >= 1 && width <= 0xffff && height >= 1 && height <= 0xffff)) {
    throw new RangeError(`picture of ${width} × ${height} does not fit 16 bits a side`);
  }
  const { type, record } = sampleEntry;
  const boxes = [
    ...(record === undefined ? [] : [writeBox(record.type, record.data)]),
    ...pictureBoxes(track),
  ];
  // The library's types include few codecs; its writers accept any sample entry of the kind.
  const entry: SampleEntryBox =
    kind === 'video'
      ? {
          type: type as 'avc1',
          reserved1: [],
          dataReferenceIndex: 1,
          preDefined1: 0,
          reserved2: 0,
          preDefined2: [],
          width,
          height,
          horizresolution: 72,
          vertresolution: 72,
          reserved3: 0,
          frameCount: 1,
          compressorName: [],
          depth: 24,
          preDefined3: 0xffff,
          boxes,
        }
      : {
          type: type as 'mp4a',
          reserved1: [],
          dataReferenceIndex: 1,
          reserved2: [],
          channelcount: track.channels ?? 2,
          samplesize: 16,
          preDefined: 0,
          reserved3: 0,
          samplerate: track.samplingRate ?? timescale,
          boxes,
        };
  return writeHeader({
    kind,
    timescale,
    compositionDelay,
    orientation: track.orientation ?? UPRIGHT,
    width: shownWidth(track),
    height,
    sampleEntry: entry,
  });
}

function writeHeader(track: {
  kind: 'video' | 'audio';
  timescale: number;
  compositionDelay: number;
  orientation: PictureOrientation;
  /** As shown before they are turned, in pixels. */
  width: number;
  height: number;
  sampleEntry: SampleEntryBox;
}): Buffer {
  const { kind, timescale, compositionDelay, orientation, width, height } = track;
  const video = kind === 'video';
  const fileType: FileTypeBox = {
    type: 'ftyp',
    majorBrand: 'iso6',
    minorVersion: 0,
    // The binding of AV1 (§2.1) requires a brand of its own.
    compatibleBrands: [
      ...['iso6', 'cmfc', 'dash', 'mp41'],
      ...((track.sampleEntry.type as string) === 'av01' ? ['av01'] : []),
    ],
  };
  const full = { version: 0, flags: 0 };
  const movie: MovieBox = {
    type: 'moov',
    boxes: [
      movieHeader({ timescale, duration: 0, nextTrackId: TRACK_ID + 1 }),
      {
        type: 'trak',
        boxes: [
          trackHeader({ kind, trackId: TRACK_ID, duration: 0, width, height, orientation }),
          ...(compositionDelay === 0 ? [] : [editList(compositionDelay)]),
          {
            type: 'mdia',
            boxes: [
              mediaHeader(timescale, 0),
              handler(kind),
              {
                type: 'minf',
                boxes: [
                  mediaTypeHeader(kind),
                  dataInformation(),
                  {
                    type: 'stbl',
                    boxes: [
                      { type: 'stsd', ...full, entryCount: 1, entries: [track.sampleEntry] },
                      { type: 'stts', ...full, entryCount: 0, entries: [] },
                      { type: 'stsc', ...full, entryCount: 0, entries: [] },
                      { type: 'stsz', ...full, sampleSize: 0, sampleCount: 0 },
                      { type: 'stco', ...full, entryCount: 0, chunkOffset: [] },
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
      {
        type: 'mvex',
        boxes: [
          {
            type: 'trex',
            ...full,
            trackId: TRACK_ID,
            defaultSampleDescriptionIndex: 1,
            defaultSampleDuration: 0,
            defaultSampleSize: 0,
            defaultSampleFlags: 0,
          },
        ],
      },
    ],
  };
  const writeEntry = video ? writeVisualSampleEntryBox : writeAudioSampleEntryBox;
  const config = { writers: { ...BOX_WRITERS, [track.sampleEntry.type]: writeEntry } };
  return Buffer.concat(writeIsoBoxes([fileType, movie], config));
}

/**
 * Starts the presentation at this media time; for fragments, whose total duration is unknown
 * (§8.6.6).
 */
function editList(mediaTime: number): EditBox {
  const entry = { segmentDuration: 0, mediaTime, mediaRateInteger: 1, mediaRateFraction: 0 };
  return {
    type: 'edts',
    boxes: [{ type: 'elst', version: 0, flags: 0, entryCount: 1, entries: [entry] }],
  };
}
