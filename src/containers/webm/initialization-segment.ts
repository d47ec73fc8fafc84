import type { TrackFormat } from '../container.ts';
import { element, floatElement, idBytes, textElement, uintElement } from './ebml.ts';
import { ID } from './element-id.ts';
import { videoElement } from './picture-elements.ts';
import { NS_PER_SECOND, TIMESTAMPS_A_SECOND, TRACK_NUMBER, TRACK_TYPE } from './track.ts';

/** The size of a Segment that grows (RFC 8794 §6.2), in eight bytes. */
const UNKNOWN_SIZE = Buffer.from('01ffffffffffffff', 'hex');

/** CodecIDs of WebM, with their kind of track. */
const CODEC_KINDS: Record<string, TrackFormat['kind']> = {
  V_VP8: 'video',
  V_VP9: 'video',
  V_AV1: 'video',
  A_OPUS: 'audio',
};

/**
 * Time that an Opus decoder needs to converge, by which a player decodes earlier after seeking (RFC
 * 7845 §4.6).
 */
const OPUS_SEEK_PRE_ROLL_NS = 80_000_000;

/**
 * The EBML header, and the beginning of a Segment of unknown size up to its Tracks (RFC 9559 §5).
 * Equal tracks give the same bytes.
 * @throws RangeError for a codec that WebM does not support, for timestamps other than
 * milliseconds, for a picture without a size, and for reordered pictures
 */
export function initializationSegment(track: TrackFormat): Buffer {
  return Buffer.concat([
    ebmlHeader(),
    idBytes(ID.segment),
    UNKNOWN_SIZE,
    information(),
    element(ID.tracks, trackEntry(track)),
  ]);
}

/** The EBML header of a WebM file (RFC 8794 §11.2). */
export function ebmlHeader(): Buffer {
  return element(
    ID.ebml,
    uintElement(ID.ebmlVersion, 1),
    uintElement(ID.ebmlReadVersion, 1),
    uintElement(ID.ebmlMaxIdLength, 4),
    uintElement(ID.ebmlMaxSizeLength, 8),
    textElement(ID.docType, 'webm'),
    // CodecDelay and SeekPreRoll require version 4; readers that support SimpleBlock can read it.
    uintElement(ID.docTypeVersion, 4),
    uintElement(ID.docTypeReadVersion, 2),
  );
}

/** What a file says of itself (RFC 9559 §5.1.2). @param durationMs absent where it still grows */
export function information(durationMs?: number): Buffer {
  return element(
    ID.info,
    uintElement(ID.timestampScale, NS_PER_SECOND / TIMESTAMPS_A_SECOND),
    ...(durationMs === undefined ? [] : [floatElement(ID.duration, durationMs)]),
    textElement(ID.muxingApp, 'live777-recorder'),
    textElement(ID.writingApp, 'live777-recorder'),
  );
}

/**
 * A track (RFC 9559 §5.1.4).
 * @throws RangeError as {@link initializationSegment}
 */
export function trackEntry(track: TrackFormat): Buffer {
  const { kind, sampleEntry, timescale, compositionDelay = 0 } = track;
  const { type, record } = sampleEntry;
  if (CODEC_KINDS[type] !== kind) throw new RangeError(`WebM has no ${kind} codec "${type}"`);
  if (timescale !== TIMESTAMPS_A_SECOND) {
    throw new RangeError(`timestamps of WebM are milliseconds, not ${timescale} a second`);
  }
  if (compositionDelay !== 0) throw new RangeError('WebM has no composition delay');
  return element(
    ID.trackEntry,
    uintElement(ID.trackNumber, TRACK_NUMBER[kind]),
    uintElement(ID.trackUid, TRACK_NUMBER[kind]),
    uintElement(ID.trackType, TRACK_TYPE[kind]),
    uintElement(ID.flagLacing, 0),
    textElement(ID.language, 'und'),
    textElement(ID.codecId, type),
    ...(record === undefined ? [] : [element(ID.codecPrivate, record.data)]),
    ...(type === 'A_OPUS' ? opusDelays(record?.data) : []),
    kind === 'video' ? videoElement(track) : sound(track),
  );
}

function sound({ channels = 2, samplingRate = 48_000 }: TrackFormat): Buffer {
  return element(
    ID.audio,
    floatElement(ID.samplingFrequency, samplingRate),
    uintElement(ID.channels, channels),
  );
}

/** The pre-skip of an OpusHead (RFC 7845 §5.1), and the pre-roll for seeking. */
function opusDelays(head: Buffer | undefined): Buffer[] {
  if (head === undefined || head.length < 19) throw new RangeError('Opus needs its OpusHead');
  const preSkipNs = Math.round((head.readUInt16LE(10) / 48_000) * NS_PER_SECOND);
  return [
    uintElement(ID.codecDelay, preSkipNs),
    uintElement(ID.seekPreRoll, OPUS_SEEK_PRE_ROLL_NS),
  ];
}
