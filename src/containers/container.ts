import type { ColourDescription } from '../codecs/colour-description.ts';
import type { Configuration, SampleAspectRatio, SampleEntry } from '../codecs/configuration.ts';
import type { ByteSource } from '../files/byte-source.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { PictureOrientation } from '../media/picture-orientation.ts';
import type { Sample } from '../media/sample.ts';
import type { WallClockSpan } from '../media/wall-clock-span.ts';
import type { SegmentChunks } from './chunk-facts.ts';

/**
 * A container format: how a track is laid out in an initialization segment and in segment files, and how
 * those are read back. A segment file is a head of fixed length and chunks; each chunk can be decoded as
 * soon as it is whole, so a file that was cut short keeps all but its last. Each file holds one track.
 *
 * Times are ticks at the file's timescale (see {@link Container.timescale}) since the Unix epoch.
 */
export interface Container {
  /** Its row in `media/container-name.ts` has the extension and the media types. */
  readonly name: ContainerName;
  /** What FFmpeg calls its demuxer, for `verify --decode`. */
  readonly demuxer: string;

  /**
   * Ticks a second in which its files count time.
   * @param clockRate of the track's codec, ticks a second
   */
  timescale(clockRate: number): number;

  /**
   * The initialization segment of a track. The same track always gives the same bytes.
   * @throws RangeError for what the format cannot hold
   */
  initialization(track: TrackFormat): Buffer;

  /**
   * Lays out samples as one chunk, without copying the payload.
   * @throws RangeError for no samples, and for what the format cannot hold
   */
  chunk(options: ChunkOptions): Chunk;

  /** The bytes that make a time the base time of a chunk, see {@link Chunk.baseTimeOffset}. */
  baseTime(time: number): Buffer;

  /** Bytes of {@link head}, always the same. */
  readonly headBytes: number;

  /**
   * What a segment file begins with: it says where the segment lies on the wall clock, and where it
   * belongs. Players pass over it.
   * @throws RangeError for names that do not fit
   */
  head(times: WallClockSpan, origin: SegmentOrigin): Buffer;

  /** The beginning of a {@link head} with other times, to be written over the beginning of the file. */
  headTimes(times: WallClockSpan): Buffer;

  /**
   * Reads the head of a segment file, as far as it has one: files of other versions may not.
   * @param bytes the first {@link headBytes} of the file; where it is shorter, what there is
   * @param timescale ticks a second of the file
   */
  readHead(bytes: Buffer, timescale: number): SegmentHead;

  /**
   * Walks a segment file. Reads headers only, no payload. Damaged input is never an error: the walk ends
   * before the first chunk that is cut short, does not fit its own headers, or is not of our making.
   * @param size bytes of the file to look at
   * @throws what the source throws
   */
  readChunks(source: ByteSource, size: number): Promise<SegmentChunks>;

  /** Reads an initialization segment that {@link initialization} wrote; undefined for anything else. */
  readInitialization(data: Buffer): TrackFacts | undefined;

  /** Reads the codec configuration of such a segment; undefined for anything else. */
  readConfiguration(data: Buffer): Configuration | undefined;
}

/** What an initialization segment is made of. */
export interface TrackFormat {
  kind: TrackKind;
  /** Ticks a second in which the track's files count time, see {@link Container.timescale}. */
  timescale: number;
  /** How the container names the codec, and what it tells the decoder before the first sample. */
  sampleEntry: SampleEntry;
  /** Video: picture size in pixels. */
  width?: number;
  height?: number;
  /** Video: what its numbers stand for, and the shape of its samples, where the stream says so. */
  colour?: ColourDescription;
  sampleAspectRatio?: SampleAspectRatio;
  /** Video: how its pictures are to be shown; absent where they are upright. */
  orientation?: PictureOrientation;
  /** Audio: channel count, and samples a second of sound. */
  channels?: number;
  samplingRate?: number;
  /**
   * Video that is reordered: what its composition offsets were raised by so that none is negative,
   * ticks. A container that has no way to take it away again refuses any but 0.
   */
  compositionDelay?: number;
}

/** What an initialization segment tells of its track. */
export interface TrackFacts {
  kind: TrackKind;
  /** RFC 6381 codecs string. */
  codecs: string;
  /** Ticks a second. */
  timescale: number;
  /** Video: size in pixels that pictures are shown in, turned where they have to be. */
  width?: number;
  height?: number;
  /** Video: how its pictures are to be shown; absent where they are upright. */
  orientation?: PictureOrientation;
  /** Video that is reordered: what its composition offsets were raised by, ticks. */
  compositionDelay?: number;
  /** Audio: channel count, and samples a second where that is not the timescale. */
  channels?: number;
  samplingRate?: number;
}

/** What a chunk is made of. */
export interface ChunkOptions {
  kind: TrackKind;
  /** Puts a 4-byte length before each part of a sample (ISO/IEC 14496-15 §5.3.4.2). */
  isLengthPrefixed: boolean;
  /** Counts up from 1 within a track, below 2^32. */
  sequenceNumber: number;
  /** At least one; in decoding order, each starting where the one before ends. */
  samples: Sample[];
}

/** A chunk that is ready to be written. */
export interface Chunk {
  /** The bytes as a gather list for `writev`: headers of ours and views of the samples' parts. */
  buffers: Buffer[];
  /** Bytes of the whole chunk. */
  byteLength: number;
  /** Byte offset within the chunk of its base time, so that it can be patched in the file later. */
  baseTimeOffset: number;
}

/** What a segment was recorded as part of. */
export interface SegmentOrigin {
  /** File name of the initialization segment that it needs. */
  initialization: string;
  /** Identifier of its Period in the manifest. */
  period: string;
}

/** The head of a segment file, as far as it has one. */
export interface SegmentHead {
  times: WallClockSpan | undefined;
  origin: SegmentOrigin | undefined;
}
