import {
  type DataInformationBox,
  defaultWriterConfig,
  type HandlerReferenceBox,
  type MediaHeaderBox,
  type MediaInformationBoxChild,
  type MovieHeaderBox,
  type TrackHeaderBox,
} from '@svta/cml-iso-bmff';
import type { TrackKind } from '../../media/access-unit.ts';
import { type PictureOrientation, UPRIGHT } from '../../media/picture-orientation.ts';
import { writeBox } from './box.ts';
import { trackMatrix } from './track-matrix.ts';

/**
 * What writes each type of box. Boxes are written here rather than by a muxer: the muxers at hand put the
 * time of day, their own version and the duration of a sample that is not there into what should be the
 * same bytes for the same configuration.
 */
export const BOX_WRITERS = {
  ...defaultWriterConfig().writers,
  // Flags 1 say "in this file", and then there is no location; the library would write an empty one.
  'url ': () => writeBox('url ', Buffer.from([0, 0, 0, 1])),
};

const FULL = { version: 0, flags: 0 };
/** Of all headers: when a file was made would make its bytes differ from one time to the next. */
const NO_TIMES = { creationTime: 0, modificationTime: 0 };

/** The version that has room for a duration: 1 has 64 bits. */
export function versionFor(duration: number): 0 | 1 {
  return duration > 0xffff_ffff ? 1 : 0;
}

/** `mvhd` (ISO/IEC 14496-12 §8.2.2). @param duration ticks of the timescale; 0 of fragments */
export function movieHeader(movie: {
  timescale: number;
  duration: number;
  nextTrackId: number;
}): MovieHeaderBox {
  return {
    type: 'mvhd',
    version: versionFor(movie.duration),
    flags: 0,
    ...NO_TIMES,
    duration: movie.duration,
    timescale: movie.timescale,
    rate: 1,
    volume: 1,
    reserved1: 0,
    reserved2: [0, 0],
    matrix: trackMatrix(UPRIGHT, 0, 0),
    preDefined: [],
    nextTrackId: movie.nextTrackId,
  };
}

/** `tkhd` (§8.3.2). @param track.duration ticks of the movie's timescale; 0 of fragments */
export function trackHeader(track: {
  kind: TrackKind;
  trackId: number;
  duration: number;
  /** Pixels, as shown before they are turned; 0 for sound. */
  width: number;
  height: number;
  orientation: PictureOrientation;
}): TrackHeaderBox {
  const { kind, trackId, duration, width, height, orientation } = track;
  return {
    type: 'tkhd',
    version: versionFor(duration),
    flags: 3, // enabled, in movie
    ...NO_TIMES,
    duration,
    trackId,
    reserved1: 0,
    reserved2: [0, 0],
    layer: 0,
    alternateGroup: 0,
    volume: kind === 'video' ? 0 : 1,
    reserved3: 0,
    matrix: trackMatrix(orientation, width, height),
    width,
    height,
  };
}

/** `mdhd` (§8.4.2). @param duration ticks of the timescale; 0 of fragments */
export function mediaHeader(timescale: number, duration: number): MediaHeaderBox {
  return {
    type: 'mdhd',
    version: versionFor(duration),
    flags: 0,
    ...NO_TIMES,
    duration,
    timescale,
    language: 'und',
    preDefined: 0,
  };
}

/** `hdlr` (§8.4.3). */
export function handler(kind: TrackKind): HandlerReferenceBox {
  return {
    type: 'hdlr',
    ...FULL,
    preDefined: 0,
    handlerType: kind === 'video' ? 'vide' : 'soun',
    reserved: [0, 0, 0],
    name: '',
  };
}

/** `vmhd` or `smhd` (§12.1.2, §12.2.2). */
export function mediaTypeHeader(kind: TrackKind): MediaInformationBoxChild {
  return kind === 'video'
    ? { type: 'vmhd', version: 0, flags: 1, graphicsmode: 0, opcolor: [0, 0, 0] }
    : { type: 'smhd', ...FULL, balance: 0, reserved: 0 };
}

/** `dinf` (§8.7.1): the media is in this file. */
export function dataInformation(): DataInformationBox {
  const entries = [{ type: 'url ' as const, version: 0, flags: 1, location: '' }];
  return { type: 'dinf', boxes: [{ type: 'dref', ...FULL, entryCount: 1, entries }] };
}
