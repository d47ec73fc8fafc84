import { BOX_HEADER_BYTES, writeBoxHeader } from './box.ts';
import { Uint32Column } from './uint32-column.ts';

const UINT32_MAX = 0xffff_ffff;
/** Bytes of version and flags, which full boxes begin with, and of the count of entries after it. */
const COUNTED_BYTES = 8;

/** One sample, in decoding order. */
export interface TableSample {
  /** Bytes. */
  size: number;
  /** Ticks, at least 0. */
  duration: number;
  /** How much later than its decode time it is shown, ticks, at least 0. */
  compositionOffset: number;
  isSync: boolean;
}

/**
 * The sample table of a track (ISO/IEC 14496-12 §8.5–8.7), gathered sample by sample. What it takes is
 * little more than the bytes of its boxes: an hour of pictures is some 400 KB.
 */
export class SampleTable {
  /** Bytes of all samples. */
  bytes = 0;
  readonly #sizes = new Uint32Column();
  readonly #durations = new Uint32Column();
  readonly #offsets = new Uint32Column();
  readonly #syncs = new Uint32Column();
  readonly #chunks = new Uint32Column();
  /** Where each chunk begins in the payload of the `mdat`. */
  readonly #chunkStarts: number[] = [];
  #isReordered = false;
  #end = 0;
  /** Of the last sample, which may still change. One object for all: a long file has a million of them. */
  readonly #last = { duration: 0, compositionOffset: 0 };
  #hasLast = false;
  // The runs of equal values that still grow.
  #durationRun = { count: 0, value: 0 };
  #offsetRun = { count: 0, value: 0 };
  #chunkSamples = 0;
  #chunkEntry = 0;
  #runSamples = 0;
  #runEntry = 0;

  /** Where the last sample ends, ticks since the first one was decoded. */
  get end(): number {
    return this.#end;
  }

  get sampleCount(): number {
    return this.#sizes.length;
  }

  /**
   * Begins a chunk: samples that lie one behind the other in the file.
   * @param entry place of their sample entry, from 1 on
   * @param start bytes from the beginning of the payload of the `mdat`
   */
  beginChunk(entry: number, start: number): void {
    this.#endChunk();
    this.#chunkEntry = entry;
    this.#chunkStarts.push(start);
  }

  /** Adds a sample to the chunk. @throws RangeError for what the boxes cannot hold */
  add(sample: TableSample): void {
    if (!(sample.size >= 0 && sample.size <= UINT32_MAX)) {
      throw new RangeError(`a sample of ${sample.size} bytes`);
    }
    this.#writeLast();
    this.#sizes.push(sample.size);
    if (sample.isSync) this.#syncs.push(this.#sizes.length);
    this.bytes += sample.size;
    this.#end += sample.duration;
    this.#chunkSamples++;
    this.#last.duration = sample.duration;
    this.#last.compositionOffset = sample.compositionOffset;
    this.#hasLast = true;
  }

  /**
   * Lets the last sample last until a time, be it longer or shorter, as far as it can.
   * @param time ticks since the first sample was decoded
   */
  moveEnd(time: number): void {
    if (!this.#hasLast) return;
    const duration = Math.max(0, this.#last.duration + time - this.#end);
    this.#end += duration - this.#last.duration;
    this.#last.duration = duration;
  }

  /** Writes out what is still open: nothing is added afterwards. */
  finish(): void {
    this.#writeLast();
    this.#hasLast = false;
    this.#endChunk();
    this.#endChunkRun();
    endRun(this.#durations, this.#durationRun);
    endRun(this.#offsets, this.#offsetRun);
  }

  /** Bytes of {@link boxes}. @param hasLongOffsets the file has 4 GiB or more */
  byteLength(hasLongOffsets: boolean): number {
    const counted = BOX_HEADER_BYTES + COUNTED_BYTES;
    let bytes = counted + this.#durations.byteLength + counted + this.#chunks.byteLength;
    if (this.#isReordered) bytes += counted + this.#offsets.byteLength;
    if (this.#namesSyncs) bytes += counted + this.#syncs.byteLength;
    bytes += counted + 4 + this.#sizes.byteLength;
    return bytes + counted + this.#chunkStarts.length * (hasLongOffsets ? 8 : 4);
  }

  /**
   * The boxes but the `stsd`.
   * @param payloadStart where the payload of the `mdat` begins in the file
   * @param hasLongOffsets as in {@link byteLength}
   */
  boxes(payloadStart: number, hasLongOffsets: boolean): Buffer[] {
    const buffers = counted('stts', this.#durations, 2);
    if (this.#isReordered) buffers.push(...counted('ctts', this.#offsets, 2));
    if (this.#namesSyncs) buffers.push(...counted('stss', this.#syncs, 1));
    const sizes = Buffer.alloc(COUNTED_BYTES + 4);
    sizes.writeUInt32BE(this.#sizes.length, COUNTED_BYTES); // sample_size 0: each has its own
    buffers.push(header('stsz', sizes, this.#sizes.byteLength), ...this.#sizes.buffers());
    buffers.push(...counted('stsc', this.#chunks, 3));
    buffers.push(this.#chunkOffsets(payloadStart, hasLongOffsets));
    return buffers;
  }

  /** Without an `stss` every sample is one (§8.6.2), as in sound. */
  get #namesSyncs(): boolean {
    return this.#syncs.length < this.#sizes.length;
  }

  #chunkOffsets(payloadStart: number, isLong: boolean): Buffer {
    const body = Buffer.alloc(COUNTED_BYTES + this.#chunkStarts.length * (isLong ? 8 : 4));
    let at = body.writeUInt32BE(this.#chunkStarts.length, 4);
    for (const start of this.#chunkStarts) {
      const offset = payloadStart + start;
      if (isLong) at = body.writeUInt32BE(Math.floor(offset / 2 ** 32), at);
      at = body.writeUInt32BE(offset % 2 ** 32, at);
    }
    return header(isLong ? 'co64' : 'stco', body, 0);
  }

  #writeLast(): void {
    if (!this.#hasLast) return;
    const { duration, compositionOffset } = this.#last;
    addToRun(this.#durations, this.#durationRun, duration);
    addToRun(this.#offsets, this.#offsetRun, compositionOffset);
    if (compositionOffset !== 0) this.#isReordered = true;
  }

  #endChunk(): void {
    if (this.#chunkStarts.length === 0) return;
    const isSame = this.#chunkSamples === this.#runSamples && this.#chunkEntry === this.#runEntry;
    if (!isSame) {
      this.#endChunkRun();
      this.#chunks.push(this.#chunkStarts.length);
      this.#runSamples = this.#chunkSamples;
      this.#runEntry = this.#chunkEntry;
    }
    this.#chunkSamples = 0;
  }

  /** What a run of chunks is, behind the number of its first. */
  #endChunkRun(): void {
    if (this.#runSamples === 0) return;
    this.#chunks.push(this.#runSamples);
    this.#chunks.push(this.#runEntry);
  }
}

function addToRun(column: Uint32Column, run: { count: number; value: number }, value: number) {
  if (!(value >= 0 && value <= UINT32_MAX)) throw new RangeError(`${value} ticks`);
  if (run.count > 0 && run.value !== value) endRun(column, run);
  run.value = value;
  run.count++;
}

function endRun(column: Uint32Column, run: { count: number; value: number }): void {
  if (run.count === 0) return;
  column.push(run.count);
  column.push(run.value);
  run.count = 0;
}

/** A full box of a count and entries of some values each. */
function counted(type: string, entries: Uint32Column, valuesAnEntry: number): Buffer[] {
  const body = Buffer.alloc(COUNTED_BYTES);
  body.writeUInt32BE(entries.length / valuesAnEntry, 4);
  return [header(type, body, entries.byteLength), ...entries.buffers()];
}

/** A box's header and the beginning of its payload, of which more follows. */
function header(type: string, body: Buffer, bytesBehind: number): Buffer {
  const bytes = Buffer.alloc(BOX_HEADER_BYTES + body.length);
  writeBoxHeader(bytes, 0, type, bytes.length + bytesBehind);
  body.copy(bytes, BOX_HEADER_BYTES);
  return bytes;
}
