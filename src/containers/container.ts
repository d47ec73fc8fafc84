import type { ColourDescription } from '../codecs/colour-description.ts';
import type { Configuration, SampleEntry } from '../codecs/configuration.ts';
import type { ByteSource } from '../files/byte-source.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { PictureOrientation } from '../media/picture-orientation.ts';
import type { SampleAspectRatio } from '../media/picture-size.ts';
import type { Sample } from '../media/sample.ts';
import type { WallClockSpan } from '../media/wall-clock-span.ts';
import type { ChunkFacts, SegmentChunks } from './chunk-facts.ts';

/**
 * A container format: how a track is written to an initialization segment and segment files, and
 * how these are read. A segment file consists of a head of fixed size and chunks; each chunk can be
 * decoded once it is complete, so a truncated file loses only its last chunk. Each file has one
 * track.
 *
 * Times are ticks of the file's timescale (see {@link Container.timescale}) since the Unix epoch.
 */
export interface Container {
  /** Key of `media/container-name.ts`, which has the extension and the media types. */
  readonly name: ContainerName;
  /** Name of FFmpeg's demuxer, for `verify --decode`. */
  readonly demuxer: string;

  /**
   * Timescale of its files, ticks per second.
   * @param clockRate of the track's codec, Hz
   */
  timescale(clockRate: number): number;

  /**
   * The initialization segment of a track. Equal tracks give the same bytes.
   * @throws RangeError for what the format cannot represent
   */
  initialization(track: TrackFormat): Buffer;

  /**
   * Writes samples as a chunk, without copying the payload.
   * @throws RangeError without samples, and for what the format cannot represent
   */
  chunk(options: ChunkOptions): Chunk;

  /** The encoding of a chunk's base time, see {@link Chunk.baseTimeOffset}. */
  baseTime(time: number): Buffer;

  /** Size of {@link head}, which is constant, bytes. */
  readonly headBytes: number;

  /**
   * The head of a segment file: its wall-clock times and where it belongs. Players skip it.
   * @throws RangeError for names that do not fit
   */
  head(times: WallClockSpan, origin: SegmentOrigin): Buffer;

  /** The beginning of a {@link head} with other times, to overwrite the beginning of the file. */
  headTimes(times: WallClockSpan): Buffer;

  /**
   * Parses the head of a segment file; files of other versions may not have one.
   * @param bytes the first {@link headBytes} of the file, or all of a shorter one
   * @param timescale of the file, ticks per second
   */
  readHead(bytes: Buffer, timescale: number): SegmentHead;

  /**
   * Walks a segment file, reading only headers. Damaged input is never an error: the walk ends
   * before the first chunk that is truncated, inconsistent, or not written by this recorder.
   * @param size number of bytes to read
   * @throws what the source throws
   */
  readChunks(source: ByteSource, size: number): Promise<SegmentChunks>;

  /**
   * Checks what {@link readChunks} does not read and players do, in a format that says something twice.
   * @param bytes the whole chunk
   * @returns what is wrong, as in "the chunk …"; undefined for nothing
   */
  chunkProblem?(chunk: ChunkFacts, bytes: Buffer): string | undefined;

  /** Parses an initialization segment from {@link initialization}; undefined for anything else. */
  readInitialization(data: Buffer): TrackFacts | undefined;

  /** Parses the codec configuration of such a segment; undefined for anything else. */
  readConfiguration(data: Buffer): Configuration | undefined;
}

/** The content of an initialization segment. */
export interface TrackFormat {
  kind: TrackKind;
  /** Timescale of the track's files, ticks per second, see {@link Container.timescale}. */
  timescale: number;
  /** The sample entry with the decoder configuration. */
  sampleEntry: SampleEntry;
  /** Video: picture size in pixels. */
  width?: number;
  height?: number;
  /** Video: colour space and sample aspect ratio, if the stream declares them. */
  colour?: ColourDescription;
  sampleAspectRatio?: SampleAspectRatio;
  /** Video: how its pictures are to be shown; absent where they are upright. */
  orientation?: PictureOrientation;
  /** Audio: number of channels, and sampling rate in Hz. */
  channels?: number;
  samplingRate?: number;
  /**
   * Video with reordering: the amount added to its composition offsets so that none is negative,
   * ticks. A container that cannot subtract it again only accepts 0.
   */
  compositionDelay?: number;
}

/** The track described by an initialization segment. */
export interface TrackFacts {
  kind: TrackKind;
  /** Codecs string (RFC 6381). */
  codecs: string;
  /** Ticks per second. */
  timescale: number;
  /** Video: size and shape of samples that pictures are shown in, turned where they have to be. */
  width?: number;
  height?: number;
  sampleAspectRatio?: SampleAspectRatio;
  /** Video: how its pictures are to be shown; absent where they are upright. */
  orientation?: PictureOrientation;
  /** Video with reordering: the amount added to its composition offsets, ticks. */
  compositionDelay?: number;
  /** Audio: number of channels, and sampling rate in Hz if it differs from the timescale. */
  channels?: number;
  samplingRate?: number;
}

/** The content of a chunk. */
export interface ChunkOptions {
  kind: TrackKind;
  /** Precede each part of a sample by its length in 4 bytes (ISO/IEC 14496-15 §5.3.4.2). */
  isLengthPrefixed: boolean;
  /** Incremented from 1 within a track, below 2^32. */
  sequenceNumber: number;
  /** At least one; in decoding order, contiguous. */
  samples: Sample[];
}

/** A chunk ready to be written. */
export interface Chunk {
  /** The bytes as a gather list for `writev`: headers, and views of the samples' parts. */
  buffers: Buffer[];
  /** Size of the whole chunk, bytes. */
  byteLength: number;
  /** Offset of its base time in the chunk, bytes, so that it can be patched in the file later. */
  baseTimeOffset: number;
}

/** Where a segment belongs. */
export interface SegmentOrigin {
  /** File name of its initialization segment. */
  initialization: string;
  /** Identifier of its Period in the manifest. */
  period: string;
}

/** The head of a segment file, as far as it exists. */
export interface SegmentHead {
  times: WallClockSpan | undefined;
  origin: SegmentOrigin | undefined;
}
