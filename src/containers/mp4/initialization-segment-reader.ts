import type { Configuration } from '../../codecs/configuration.ts';
import { readConfiguration } from '../../codecs/registry.ts';
import { type PictureOrientation, UPRIGHT } from '../../media/picture-orientation.ts';
import { shownSize } from '../../media/shown-size.ts';
import type { TrackFacts } from '../container.ts';
import { BOX_HEADER_BYTES, type Box, boxes, findBox } from './box.ts';
import { readTrackMatrix } from './track-matrix.ts';

/** The nested boxes down to the sample description (ISO/IEC 14496-12 §8). */
const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/** Size of a sample entry before the boxes in it (ISO/IEC 14496-12 §12.1.3, §12.2.3), bytes. */
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

/** The content of an initialization segment. */
interface Header {
  /** Ticks per second. */
  timescale: number;
  compositionDelay: number | undefined;
  orientation: PictureOrientation | undefined;
  configuration: Configuration;
}

/**
 * Parses the output of `initializationSegment`, to recover segments whose manifest entry was lost
 * in a crash.
 * @returns undefined for anything else
 */
export function readInitializationSegment(data: Buffer): TrackFacts | undefined {
  const header = readHeader(data);
  if (header === undefined) return undefined;
  const { timescale, compositionDelay, orientation, configuration } = header;
  const { kind, codecString: codecs } = configuration;
  if (kind === 'audio') return { kind, codecs, timescale, channels: configuration.channels };
  return {
    ...{ kind, codecs, timescale, ...shownSize(configuration, orientation) },
    ...(orientation && orientation !== UPRIGHT && { orientation }),
    ...(compositionDelay !== undefined && { compositionDelay }),
  };
}

/** Parses the codec configuration of such a segment. @returns undefined for anything else */
export function readInitializationConfiguration(data: Buffer): Configuration | undefined {
  return readHeader(data)?.configuration;
}

/** The sample entry of such a segment as it stands there, box header and all. @returns undefined for anything else */
export function readSampleEntry(data: Buffer): Buffer | undefined {
  let within: Box | undefined = { type: '', start: 0, end: data.length };
  for (const type of [...CONTAINERS, 'stsd']) {
    within = within && findBox(data, within.start, within.end, type);
  }
  const [entry] = within === undefined ? [] : boxes(data, within.start + 8, within.end);
  return entry && data.subarray(entry.start - BOX_HEADER_BYTES, entry.end);
}

function readHeader(data: Buffer): Header | undefined {
  let timescale: number | undefined;
  let compositionDelay: number | undefined;
  let orientation: PictureOrientation | undefined;
  let isVideo = false;
  let entry: Box | undefined;
  const walk = (start: number, end: number, depth: number): void => {
    for (const box of boxes(data, start, end)) {
      // Limited to known levels: boxes of one type could be nested as deeply as the file is long.
      if (box.type === CONTAINERS[depth]) walk(box.start, box.end, depth + 1);
      else if (box.type === 'mdhd' && box.end - box.start >= 24) {
        timescale = data.readUInt32BE(box.start + 12);
      } else if (box.type === 'tkhd') {
        orientation = readTrackMatrix(data.subarray(box.start, box.end));
      } else if (box.type === 'hdlr' && box.end - box.start >= 12) {
        isVideo = data.toString('latin1', box.start + 8, box.start + 12) === 'vide';
      } else if (box.type === 'edts' && depth === 2) {
        const elst = findBox(data, box.start, box.end, 'elst');
        if (elst && elst.end - elst.start === 20)
          compositionDelay = data.readInt32BE(elst.start + 12);
      } else if (box.type === 'stsd') {
        [entry] = boxes(data, box.start + 8, box.end);
      }
    }
  };
  walk(0, data.length, 0);
  if (timescale === undefined || entry === undefined) return undefined;
  const { type, start, end } = entry;
  const boxesFrom = start + (isVideo ? VISUAL_ENTRY_BYTES : AUDIO_ENTRY_BYTES);
  if (end <= boxesFrom) return undefined;
  const configuration = readConfiguration({
    container: 'mp4',
    type,
    record: (name) => {
      const found = findBox(data, boxesFrom, end, name);
      return found && data.subarray(found.start, found.end);
    },
    width: isVideo ? data.readUInt16BE(start + 24) : 0,
    height: isVideo ? data.readUInt16BE(start + 26) : 0,
    channels: isVideo ? 0 : data.readUInt16BE(start + 16),
  });
  return configuration && { timescale, compositionDelay, orientation, configuration };
}
