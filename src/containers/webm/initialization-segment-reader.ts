import type { Configuration } from '../../codecs/configuration.ts';
import { readConfiguration } from '../../codecs/registry.ts';
import type { PictureOrientation } from '../../media/picture-orientation.ts';
import { shownSize } from '../../media/shown-size.ts';
import type { TrackFacts } from '../container.ts';
import { type Element, elementHeader, findElement, readUint } from './ebml.ts';
import { ID } from './element-id.ts';
import { readOrientation } from './picture-elements.ts';
import { NS_PER_SECOND } from './track.ts';

/** The content of an initialization segment. */
interface Header {
  /** Timestamps per second. */
  timescale: number;
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
  const { timescale, orientation, configuration } = header;
  const { kind, codecString: codecs } = configuration;
  if (kind === 'video') {
    const shown = shownSize(configuration, orientation);
    return { kind, codecs, timescale, ...shown, ...(orientation && { orientation }) };
  }
  const { channels, timescale: samplingRate } = configuration;
  return { kind, codecs, timescale, channels, samplingRate };
}

/** Parses the codec configuration of such a segment. @returns undefined for anything else */
export function readInitializationConfiguration(data: Buffer): Configuration | undefined {
  return readHeader(data)?.configuration;
}

function readHeader(data: Buffer): Header | undefined {
  const segment = segmentOf(data);
  const info = find(data, segment, ID.info);
  // Tracks is the last element: if it is complete, so is everything before it.
  const entry = find(data, find(data, segment, ID.tracks), ID.trackEntry);
  const codecId = find(data, entry, ID.codecId);
  const scaleNs = uintOf(data, info, ID.timestampScale);
  if (codecId === undefined || scaleNs === 0) return undefined;
  const codecPrivate = find(data, entry, ID.codecPrivate);
  const video = find(data, entry, ID.video);
  const configuration = readConfiguration({
    container: 'webm',
    type: data.toString('latin1', codecId.start, codecId.end),
    record: () => codecPrivate && data.subarray(codecPrivate.start, codecPrivate.end),
    width: uintOf(data, video, ID.pixelWidth),
    height: uintOf(data, video, ID.pixelHeight),
    channels: uintOf(data, find(data, entry, ID.audio), ID.channels),
  });
  if (configuration === undefined) return undefined;
  const orientation = video && readOrientation(data, video);
  return { timescale: NS_PER_SECOND / scaleNs, orientation, configuration };
}

/** The existing part of the Segment after an EBML header. */
function segmentOf(data: Buffer): Element | undefined {
  const ebml = elementHeader(data, 0, data.length);
  if (ebml?.id !== ID.ebml || ebml.payloadBytes === undefined) return undefined;
  const at = ebml.headerBytes + ebml.payloadBytes;
  const header = elementHeader(data, at, data.length);
  if (header?.id !== ID.segment) return undefined;
  return { id: header.id, start: at + header.headerBytes, end: data.length };
}

function find(data: Buffer, within: Element | undefined, id: number): Element | undefined {
  return within && findElement(data, within.start, within.end, id);
}

/** An unsigned integer; 0 if there is none, or it is out of range. */
function uintOf(data: Buffer, within: Element | undefined, id: number): number {
  const found = find(data, within, id);
  return (found && readUint(data, found)) ?? 0;
}
