import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import { H264Configuration } from './configuration.ts';
import { parseSequenceParameterSet, type SequenceParameterSet } from './sps.ts';

const NAL_SLICE = 1;
const NAL_IDR_SLICE = 5;
const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_ACCESS_UNIT_DELIMITER = 9;

// Scaling matrices and VUI fit ten times over; a bound because all ids together are kept.
const MAX_PARAMETER_SET_BYTES = 4096;
const MAX_PPS_ID = 255;
// numOfPictureParameterSets in the decoder configuration record has 8 bits.
const MAX_PPS_COUNT = 255;
// The three codes before and including pic_parameter_set_id take at most 3 · 63 bits.
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
 * Takes the parameter sets out of a stream's access units and keeps those in force, because in an
 * `avc1` track they stand in the initialization segment alone (ISO/IEC 14496-15 §5.4.2.1).
 */
export class H264ParameterSets {
  /** Parameter sets and empty NAL units that were dropped because they made no sense. */
  rejected = 0;
  readonly #sps = new Map<number, StoredSps>();
  readonly #pps = new Map<number, StoredPps>();
  /** The PPS that the last IDR picture named; before the first one, the last PPS that came. */
  #activePpsId: number | undefined;
  #sawIdr = false;
  #changed = false;

  /**
   * True when `current()` may give something else than last time: other content, not mere
   * repetition, or an IDR picture that uses another parameter set.
   */
  get changed(): boolean {
    return this.#changed;
  }

  /**
   * Notes the parameter sets of an access unit.
   *
   * @param parts NAL units in decoding order
   * @returns the NAL units to store, without parameter sets (7, 8) and delimiters (9): `parts`
   * itself when it holds none of them
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
   * The configuration that the keyframe stripped last uses, or, before there was one, that of the
   * last PPS. Clears `changed`.
   *
   * @returns undefined until both its SPS and its PPS were seen
   */
  current(): H264Configuration | undefined {
    this.#changed = false;
    if (this.#activePpsId === undefined) return undefined;
    const active = this.#pps.get(this.#activePpsId);
    const sps = active && this.#sps.get(active.spsId);
    if (active === undefined || sps === undefined) return undefined;
    // An IDR picture can only switch to a PPS of another SPS by starting anew, so the sets that
    // belong to other SPSs are another configuration's.
    const pps = [...this.#pps.values()]
      .filter((stored) => stored.spsId === active.spsId)
      .sort((a, b) => a.id - b.id)
      .map((stored) => stored.bytes);
    if (pps.length > MAX_PPS_COUNT) return undefined;
    return new H264Configuration(sps.parsed, [sps.bytes], pps);
  }

  /**
   * Notes that decoding starts with a picture that is no keyframe: `current()` is then what it uses.
   * @param parts its NAL units
   */
  startAt(parts: readonly Buffer[]): void {
    const slice = parts.find((nal) => (nal[0]! & 0x1f) === NAL_SLICE);
    if (slice !== undefined) this.#noteFirstSlice(slice);
  }

  /** Forgets everything, for a new publisher on the same stream. */
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
    // A copy, because the NAL unit is a view that would hold its slab of packets alive.
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
