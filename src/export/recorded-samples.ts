import type { Configuration } from '../codecs/configuration.ts';
import type { ChunkFacts } from '../containers/chunk-facts.ts';
import { readSampleEntry } from '../containers/mp4/initialization-segment-reader.ts';
import { containerNamed } from '../containers/registry.ts';
import type { ContainerName } from '../media/container-name.ts';
import { type PictureOrientation, UPRIGHT } from '../media/picture-orientation.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { RangeSegment, RangeTrack } from '../playback/recorded-range.ts';
import { Refusal } from '../refusal.ts';

/** What the samples of a track are decoded with. */
export interface Initialization {
  path: string;
  container: ContainerName;
  /** Ticks a second of its segments. */
  timescale: number;
  /** By how much composition offsets were raised, ticks. */
  compositionDelay: number;
  /** How its pictures have to be turned to be upright. */
  orientation: PictureOrientation;
  configuration: Configuration;
  /** MP4: the sample entry as it stands in the file; undefined in another container. */
  sampleEntry: Buffer | undefined;
}

/**
 * The samples of one segment, without their payload. The columns have a value a sample, in decoding order:
 * objects would take ten times as much, and a long export has a million samples.
 */
export interface RecordedSamples {
  segment: RangeSegment;
  initialization: Initialization;
  /** Number of the first sample of each chunk, and its decode time. */
  chunks: { first: number; startTime: number }[];
  sizes: Uint32Array;
  durations: Uint32Array;
  /** Byte offset in the file. */
  places: Uint32Array;
  /** How much later than its decode time each is shown, with its sign; absent where none is. */
  compositionOffsets?: Int32Array;
  /** Numbers of the samples where decoding can start; empty for sound, where all are such. */
  keyframes: number[];
}

/** Reads what segments hold, their payload left out. Initialization segments are read once each. */
export class SampleReader {
  readonly #objects: RecordedObjects;
  readonly #initializations = new Map<string, Promise<Initialization>>();

  constructor(objects: RecordedObjects) {
    this.#objects = objects;
  }

  /**
   * @throws Refusal `unreadable-media` for a segment that is missing, damaged, or another than was listed;
   * the file system's error; StoreError
   */
  async read(track: RangeTrack, segment: RangeSegment): Promise<RecordedSamples> {
    const initialization = await this.#initializationOf(track);
    const file = await this.#objects.open(segment.path, segment.size);
    if (file === undefined) throw unreadable(segment.path, 'is missing');
    try {
      mustBeWhole(file.size, segment);
      const { readChunks } = containerNamed(track.container);
      const { chunks, problem } = await readChunks(file, file.size);
      if (problem !== undefined) {
        // A bucket is not asked for what the index knows the size of.
        const isMissing = (await file.read(Buffer.alloc(1), 0, 1, 0)).bytesRead === 0;
        throw unreadable(segment.path, isMissing ? 'is missing' : `is damaged: ${problem}`);
      }
      const last = chunks.at(-1);
      const end = last && last.startTime + last.duration;
      const { startTime, duration } = segment;
      if (chunks[0]?.startTime !== startTime || end !== startTime + duration) {
        throw unreadable(segment.path, 'has other times than its manifest says');
      }
      return {
        segment,
        initialization,
        ...columnsOf(chunks, initialization.compositionDelay),
      };
    } finally {
      await file.close();
    }
  }

  #initializationOf(track: RangeTrack): Promise<Initialization> {
    let reading = this.#initializations.get(track.initPath);
    if (reading === undefined) {
      reading = this.#readInitialization(track);
      this.#initializations.set(track.initPath, reading);
    }
    return reading;
  }

  async #readInitialization({ initPath: path, kind, container, timescale }: RangeTrack) {
    const data = await this.#objects.read(path);
    if (data === undefined) throw unreadable(path, 'is missing');
    const format = containerNamed(container);
    const configuration = format.readConfiguration(data);
    const facts = format.readInitialization(data);
    if (configuration?.kind !== kind || facts === undefined) {
      throw unreadable(path, 'is damaged, or of a codec that is not known here');
    }
    mustBeWritable(configuration, container, path);
    const { compositionDelay = 0, orientation = UPRIGHT } = facts;
    const sampleEntry = container === 'mp4' ? readSampleEntry(data) : undefined;
    return {
      ...{ path, container, timescale, compositionDelay, orientation },
      ...{ configuration, sampleEntry },
    };
  }
}

/** A damaged configuration may lack what a file needs. @throws Refusal `unreadable-media` */
function mustBeWritable(
  configuration: Configuration,
  container: RangeTrack['container'],
  path: string,
): void {
  try {
    configuration.sampleEntry(container);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw unreadable(path, `is damaged: ${error.message}`);
  }
}

/** Whether a file is the one that was listed. @throws Refusal `unreadable-media` */
export function mustBeWhole(size: number, segment: RangeSegment): void {
  if (size === segment.size) return;
  throw unreadable(segment.path, `has ${size} bytes where ${segment.size} were recorded`);
}

/** The error for a file of a range that cannot be read. @param what is the matter with it */
export function unreadable(path: string, what: string): Refusal {
  const mend =
    'choose start and end so that it is left out, or see what "verify" and "repair" say of its folder';
  return new Refusal('unreadable-media', `${path} ${what}; ${mend}`);
}

function columnsOf(chunks: ChunkFacts[], compositionDelay: number) {
  const count = chunks.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  const isReordered =
    compositionDelay > 0 ||
    chunks.some(({ compositionOffsets }) => compositionOffsets !== undefined);
  const sizes = new Uint32Array(count);
  const durations = new Uint32Array(count);
  const places = new Uint32Array(count);
  const compositionOffsets = isReordered ? new Int32Array(count) : undefined;
  const keyframes: number[] = [];
  const firsts: RecordedSamples['chunks'] = [];
  let first = 0;
  for (const chunk of chunks) {
    firsts.push({ first, startTime: chunk.startTime });
    sizes.set(chunk.sampleSizes, first);
    durations.set(chunk.sampleDurations, first);
    places.set(chunk.sampleOffsets, first);
    for (let i = 0; i < chunk.sampleCount && compositionOffsets; i++) {
      compositionOffsets[first + i] = (chunk.compositionOffsets?.[i] ?? 0) - compositionDelay;
    }
    for (const place of chunk.keyframes) keyframes.push(first + place);
    first += chunk.sampleCount;
  }
  const offsets = compositionOffsets && { compositionOffsets };
  return { chunks: firsts, sizes, durations, places, keyframes, ...offsets };
}
