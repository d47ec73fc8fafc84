import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import { H264Configuration } from './configuration.ts';
import { parseSequenceParameterSet, type SequenceParameterSet } from './sps.ts';

const NAL_SLICE = 1;
const NAL_IDR_SLICE = 5;
const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_ACCESS_UNIT_DELIMITER = 9;

// Maximum size of a parameter set, bytes; ten times the size with scaling matrices and VUI. It
// limits the memory, because all ids are kept.
const MAX_PARAMETER_SET_BYTES = 4096;
const MAX_PPS_ID = 255;
// numOfPictureParameterSets in the decoder configuration record has 8 bits.
const MAX_PPS_COUNT = 255;
// The three codes up to pic_parameter_set_id take at most 3 · 63 bits.
const SLICE_HEADER_BYTES = 32;

interface StoredSps {
  bytes: Buffer;
  parsed: SequenceParameterSet;
}

interface StoredPps {
  bytes: Buffer;
  id: number;
  spsId: number;
}

/**
 * Removes the parameter sets from the access units of a stream and keeps the active ones, because
 * an `avc1` track has them only in the initialization segment (ISO/IEC 14496-15 §5.4.2.1).
 */
export class H264ParameterSets {
  /** Number of invalid parameter sets and empty NAL units that were dropped. */
  rejected = 0;
  readonly #sps = new Map<number, StoredSps>();
  readonly #pps = new Map<number, StoredPps>();
  /** The PPS of the last IDR picture; before the first one, the PPS that arrived last. */
  #activePpsId: number | undefined;
  #sawIdr = false;
  #changed = false;

  /**
   * True if the result of `current()` may have changed: parameter sets with different content, not
   * mere repetition, or an IDR picture that uses another one.
   */
  get changed(): boolean {
    return this.#changed;
  }

  /**
   * Takes the parameter sets of an access unit.
   *
   * @param parts NAL units in decoding order
   * @returns the NAL units to store, without parameter sets (7, 8) and delimiters (9): `parts`
   * itself if it has none of them
   */
  strip(parts: Buffer[]): Buffer[] {
    let kept: Buffer[] | undefined;
    for (let i = 0; i < parts.length; i++) {
      const nal = parts[i]!;
      const type = nal.length === 0 ? -1 : nal[0]! & 0x1f;
      if (
        type === -1 ||
        type === NAL_SPS ||
        type === NAL_PPS ||
        type === NAL_ACCESS_UNIT_DELIMITER
      ) {
        kept ??= parts.slice(0, i);
        if (type === NAL_SPS) this.#noteSps(nal);
        else if (type === NAL_PPS) this.#notePps(nal);
        else if (type === -1) this.rejected++;
        continue;
      }
      if (type === NAL_IDR_SLICE) this.#noteFirstSlice(nal);
      kept?.push(nal);
    }
    return kept ?? parts;
  }

  /**
   * The configuration for the last keyframe or, before the first one, for the last PPS. Clears
   * `changed`.
   *
   * @returns undefined until both its SPS and its PPS have arrived
   */
  current(): H264Configuration | undefined {
    this.#changed = false;
    if (this.#activePpsId === undefined) return undefined;
    const active = this.#pps.get(this.#activePpsId);
    const sps = active && this.#sps.get(active.spsId);
    if (active === undefined || sps === undefined) return undefined;
    // Only an IDR picture can switch to a PPS with another SPS, so sets with other SPSs belong to
    // another configuration.
    const pps = [...this.#pps.values()]
      .filter((stored) => stored.spsId === active.spsId)
      .sort((a, b) => a.id - b.id)
      .map((stored) => stored.bytes);
    if (pps.length > MAX_PPS_COUNT) return undefined;
    return new H264Configuration(sps.parsed, [sps.bytes], pps);
  }

  /**
   * Decoding starts at a picture that is not a keyframe: `current()` then returns its
   * configuration.
   * @param parts its NAL units
   */
  startAt(parts: readonly Buffer[]): void {
    const slice = parts.find((nal) => (nal[0]! & 0x1f) === NAL_SLICE);
    if (slice !== undefined) this.#noteFirstSlice(slice);
  }

  /** Resets everything, for a new publisher of the stream. */
  reset(): void {
    this.#sps.clear();
    this.#pps.clear();
    this.#activePpsId = undefined;
    this.#sawIdr = false;
    this.#changed = false;
  }

  #noteSps(nal: Buffer): void {
    for (const stored of this.#sps.values()) {
      if (stored.bytes.equals(nal)) return;
    }
    const parsed =
      nal.length <= MAX_PARAMETER_SET_BYTES ? parseSequenceParameterSet(nal) : undefined;
    if (parsed === undefined) {
      this.rejected++;
      return;
    }
    // A copy, because the view would keep its slab of packets in memory.
    this.#sps.set(parsed.id, { bytes: Buffer.from(nal), parsed });
    this.#changed = true;
  }

  #notePps(nal: Buffer): void {
    for (const stored of this.#pps.values()) {
      if (stored.bytes.equals(nal)) return;
    }
    if (nal.length > MAX_PARAMETER_SET_BYTES) {
      this.rejected++;
      return;
    }
    // §7.3.2.2: pic_parameter_set_id, seq_parameter_set_id.
    const bits = new BitReader(removeEmulationPrevention(nal, SLICE_HEADER_BYTES));
    bits.skip(8);
    const id = bits.readUnsigned();
    const spsId = bits.readUnsigned();
    if (bits.exhausted || id > MAX_PPS_ID || spsId > 31) {
      this.rejected++;
      return;
    }
    this.#pps.set(id, { bytes: Buffer.from(nal), id, spsId });
    if (!this.#sawIdr) this.#activePpsId = id;
    this.#changed = true;
  }

  /** §7.3.3: first_mb_in_slice, slice_type, pic_parameter_set_id. */
  #noteFirstSlice(nal: Buffer): void {
    const bits = new BitReader(removeEmulationPrevention(nal, SLICE_HEADER_BYTES));
    bits.skip(8);
    bits.readUnsigned();
    bits.readUnsigned();
    const ppsId = bits.readUnsigned();
    if (bits.exhausted || ppsId > MAX_PPS_ID) return;
    this.#sawIdr = true;
    if (ppsId === this.#activePpsId) return;
    this.#activePpsId = ppsId;
    this.#changed = true;
  }
}
