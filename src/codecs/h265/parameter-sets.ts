import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import { H265Configuration } from './configuration.ts';
import { isIrap, isSlice, NAL_TYPE, typeOf } from './nal-unit.ts';
import { parseSequenceParameterSet, type SequenceParameterSet } from './sps.ts';

// Maximum size of a parameter set, bytes; ten times the size with scaling matrices and VUI. It
// limits the memory, because all ids are kept.
const MAX_PARAMETER_SET_BYTES = 4096;
const HIGHEST_SPS_ID = 15;
const HIGHEST_PPS_ID = 63;
// Header, flags and slice_pic_parameter_set_id, a code of at most 63 bits.
const SLICE_HEADER_BYTES = 16;

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
 * an `hvc1` track has them only in the initialization segment (ISO/IEC 14496-15 §8.4.1).
 */
export class H265ParameterSets {
  /** Number of invalid parameter sets and empty NAL units that were dropped. */
  rejected = 0;
  readonly #vps = new Map<number, Buffer>();
  readonly #sps = new Map<number, StoredSps>();
  readonly #pps = new Map<number, StoredPps>();
  /** The PPS of the last keyframe; before the first one, the PPS that arrived last. */
  #activePpsId: number | undefined;
  #sawKeyframe = false;
  #changed = false;

  /**
   * True if the result of `current()` may have changed: parameter sets with different content, not
   * mere repetition, or a keyframe that uses another one.
   */
  get changed(): boolean {
    return this.#changed;
  }

  /**
   * Takes the parameter sets of an access unit.
   *
   * @param parts NAL units in decoding order
   * @returns the NAL units to store, without parameter sets and delimiters: `parts` itself if it
   * has none of them
   */
  strip(parts: Buffer[]): Buffer[] {
    let kept: Buffer[] | undefined;
    for (let i = 0; i < parts.length; i++) {
      const nal = parts[i]!;
      const type = nal.length < 2 ? -1 : typeOf(nal[0]!);
      if (type === -1 || (type >= NAL_TYPE.vps && type <= NAL_TYPE.accessUnitDelimiter)) {
        kept ??= parts.slice(0, i);
        this.#note(type, nal);
        continue;
      }
      if (isIrap(type)) this.#noteFirstSlice(nal);
      kept?.push(nal);
    }
    return kept ?? parts;
  }

  /**
   * The configuration for the last keyframe or, before the first one, for the last PPS. Clears
   * `changed`.
   *
   * @returns undefined until its VPS, SPS and PPS have arrived
   */
  current(): H265Configuration | undefined {
    this.#changed = false;
    if (this.#activePpsId === undefined) return undefined;
    const active = this.#pps.get(this.#activePpsId);
    const sps = active && this.#sps.get(active.spsId);
    const vps = sps && this.#vps.get(sps.parsed.vpsId);
    if (vps === undefined || sps === undefined) return undefined;
    // Only a keyframe can switch to a PPS with another SPS, so those belong to another
    // configuration.
    const pps = [...this.#pps.values()]
      .filter((stored) => stored.spsId === active?.spsId)
      .sort((a, b) => a.id - b.id)
      .map((stored) => stored.bytes);
    return new H265Configuration(sps.parsed, { vps: [vps], sps: [sps.bytes], pps });
  }

  /**
   * Decoding starts at a picture that is not a keyframe: `current()` then returns its
   * configuration.
   * @param parts its NAL units
   */
  startAt(parts: readonly Buffer[]): void {
    const slice = parts.find((nal) => isSlice(typeOf(nal[0]!)));
    if (slice !== undefined) this.#noteFirstSlice(slice);
  }

  /** Resets everything, for a new publisher of the stream. */
  reset(): void {
    this.#vps.clear();
    this.#sps.clear();
    this.#pps.clear();
    this.#activePpsId = undefined;
    this.#sawKeyframe = false;
    this.#changed = false;
  }

  #note(type: number, nal: Buffer): void {
    if (type === NAL_TYPE.accessUnitDelimiter) return;
    let isTaken = false;
    if (nal.length > MAX_PARAMETER_SET_BYTES) isTaken = false;
    else if (type === NAL_TYPE.vps) isTaken = this.#noteVps(nal);
    else if (type === NAL_TYPE.sps) isTaken = this.#noteSps(nal);
    else if (type === NAL_TYPE.pps) isTaken = this.#notePps(nal);
    if (!isTaken) this.rejected++;
  }

  /** §7.3.2.1: vps_video_parameter_set_id. */
  #noteVps(nal: Buffer): boolean {
    if (nal.length < 3) return false;
    const id = nal[2]! >> 4;
    if (this.#vps.get(id)?.equals(nal)) return true;
    // A copy, because the view would keep its slab of packets in memory.
    this.#vps.set(id, Buffer.from(nal));
    this.#changed = true;
    return true;
  }

  #noteSps(nal: Buffer): boolean {
    for (const stored of this.#sps.values()) if (stored.bytes.equals(nal)) return true;
    const parsed = parseSequenceParameterSet(nal);
    if (parsed === undefined) return false;
    this.#sps.set(parsed.id, { bytes: Buffer.from(nal), parsed });
    this.#changed = true;
    return true;
  }

  /** §7.3.2.3: pps_pic_parameter_set_id, pps_seq_parameter_set_id. */
  #notePps(nal: Buffer): boolean {
    for (const stored of this.#pps.values()) if (stored.bytes.equals(nal)) return true;
    const bits = new BitReader(removeEmulationPrevention(nal, SLICE_HEADER_BYTES));
    bits.skip(16);
    const id = bits.readUnsigned();
    const spsId = bits.readUnsigned();
    if (bits.exhausted || id > HIGHEST_PPS_ID || spsId > HIGHEST_SPS_ID) return false;
    this.#pps.set(id, { bytes: Buffer.from(nal), id, spsId });
    if (!this.#sawKeyframe) this.#activePpsId = id;
    this.#changed = true;
    return true;
  }

  /** §7.3.6.1: first_slice_segment_in_pic_flag, slice_pic_parameter_set_id. */
  #noteFirstSlice(nal: Buffer): void {
    const bits = new BitReader(removeEmulationPrevention(nal, SLICE_HEADER_BYTES));
    bits.skip(17);
    if (isIrap(typeOf(nal[0]!))) bits.skip(1); // no_output_of_prior_pics_flag
    const ppsId = bits.readUnsigned();
    if (bits.exhausted || ppsId > HIGHEST_PPS_ID) return;
    this.#sawKeyframe = true;
    if (ppsId === this.#activePpsId) return;
    this.#activePpsId = ppsId;
    this.#changed = true;
  }
}
