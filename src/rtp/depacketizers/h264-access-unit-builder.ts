import type { AccessUnit } from '../access-unit.ts';
import {
  idrSlice,
  isCodedSlice,
  isParameterSet,
  nalUnitType,
  sequenceParameterSet,
  startsPicture,
} from './h264-nal-unit.ts';

/** Largest access unit in bytes: far above any picture a browser or camera sends. */
export const maxAccessUnitBytes = 16 * 1024 * 1024;

/** Most NAL units in one access unit. */
export const maxNalUnits = 8192;

/** Most parameter sets that are kept for a later unit. */
const maxKeptParameterSets = 32;

/**
 * Collects the NAL units of one access unit after the other and decides what becomes of each unit:
 *
 * - one with a picture that is whole is emitted;
 * - one that misses something is dropped, and the next one says so;
 * - parameter sets without a picture, or beside a picture that was dropped, go ahead of the next
 *   unit: some encoders send them with a timestamp of their own, some send them only once.
 */
export class H264AccessUnitBuilder {
  readonly #emit: (unit: AccessUnit) => void;
  #open = false;
  #timestamp = 0;
  #arrivalUs = 0;
  #nalUnits: Buffer[] = [];
  #bytes = 0;
  #hasPicture = false;
  #keyframe = false;
  #hasSequenceParameterSet = false;
  #broken = false;
  /** The packets before this unit are not known, its first slices may be among them. */
  #startUncertain = false;
  #gapBefore = true;
  #discontinuity = false;
  #sequenceParameterSetSeen = false;
  #keyframesBringParameterSets = false;

  /** @param emit takes each whole access unit */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#emit = emit;
  }

  /** Whether a unit with this RTP timestamp is being built. */
  isOpen(timestamp: number): boolean {
    return this.#open && this.#timestamp === timestamp;
  }

  /** Whether the unit in hand already misses something, so that more of it is of no use. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether the first packets of the unit in hand may be lost. */
  get startUncertain(): boolean {
    return this.#startUncertain && !this.#hasPicture;
  }

  /** Whether a sequence parameter set came since the stream began. */
  get sequenceParameterSetSeen(): boolean {
    return this.#sequenceParameterSetSeen;
  }

  /** Bytes of the unit in hand. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that packets were lost after the last one: the unit in hand cannot be trusted. */
  lose(): void {
    this.#discontinuity = true;
    this.#gapBefore = true;
    if (this.#open) this.breakUnit();
  }

  /** Ends the unit in hand and begins one with this RTP timestamp. */
  begin(timestamp: number, arrivalUs: number): void {
    this.end();
    this.#open = true;
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#startUncertain = this.#gapBefore;
  }

  /** Notes a packet of the unit in hand; a retransmitted one may have arrived before or after others. */
  notePacket(arrivalUs: number): void {
    this.#gapBefore = false;
    if (arrivalUs < this.#arrivalUs) this.#arrivalUs = arrivalUs;
  }

  /**
   * Adds a whole NAL unit to the unit in hand.
   *
   * @returns false when the NAL unit is not valid, or breaks the limits of the unit
   */
  add(nalUnit: Buffer): boolean {
    const type = nalUnitType(nalUnit);
    if (type === 0 || type > 23) return false;
    if (
      (isCodedSlice(type) && nalUnit.length < 2) ||
      this.#nalUnits.length === maxNalUnits ||
      this.#bytes + nalUnit.length > maxAccessUnitBytes
    ) {
      this.breakUnit();
      return false;
    }
    if (isCodedSlice(type)) {
      if (this.startUncertain && !this.#startsWith(nalUnit)) {
        this.breakUnit();
        return true;
      }
      this.#hasPicture = true;
      if (type === idrSlice) this.#keyframe = true;
    }
    if (type === sequenceParameterSet) {
      this.#hasSequenceParameterSet = true;
      this.#sequenceParameterSetSeen = true;
    }
    this.#nalUnits.push(nalUnit);
    this.#bytes += nalUnit.length;
    return true;
  }

  /** Gives the unit in hand up: it will not be emitted, and the next one is a discontinuity. */
  breakUnit(): void {
    this.#broken = true;
    this.#discontinuity = true;
    this.#keepParameterSets();
  }

  /** Whether the marker bit can end the unit in hand: not while only a picture's prelude is there. */
  get endsAtMarker(): boolean {
    return this.#hasPicture || this.#broken;
  }

  /** Ends the unit in hand, if any: emits it when it is whole. */
  end(): void {
    if (!this.#open) return;
    if (this.#broken || !this.#hasPicture) {
      if (this.#broken && this.#hasSequenceParameterSet) this.#keyframesBringParameterSets = true;
      this.#keepParameterSets();
      this.#clear();
      return;
    }
    if (this.#keyframe) this.#keyframesBringParameterSets = this.#hasSequenceParameterSet;
    const unit: AccessUnit = {
      rtpTimestamp: this.#timestamp,
      arrivalUs: this.#arrivalUs,
      keyframe: this.#keyframe,
      discontinuity: this.#discontinuity,
      parts: this.#nalUnits,
    };
    this.#discontinuity = false;
    this.#nalUnits = [];
    this.#bytes = 0;
    this.#clear();
    this.#emit(unit);
  }

  /** Forgets everything: what follows is another stream. */
  reset(): void {
    this.#nalUnits = [];
    this.#bytes = 0;
    this.#discontinuity = false;
    this.#gapBefore = true;
    this.#sequenceParameterSetSeen = false;
    this.#keyframesBringParameterSets = false;
    this.#clear();
  }

  #clear(): void {
    this.#open = false;
    this.#hasPicture = false;
    this.#keyframe = false;
    this.#hasSequenceParameterSet = false;
    this.#broken = false;
    this.#startUncertain = false;
  }

  /**
   * Whether nothing of the unit that a decoder needs can be missing before this slice, its first. A
   * keyframe whose parameter sets were lost would decode with the ones before, which may be wrong.
   */
  #startsWith(slice: Buffer): boolean {
    if (!startsPicture(slice)) return false;
    const needsParameterSets = this.#keyframesBringParameterSets && nalUnitType(slice) === idrSlice;
    return !needsParameterSets || this.#hasSequenceParameterSet;
  }

  #keepParameterSets(): void {
    const sets = this.#nalUnits
      .filter((nalUnit) => isParameterSet(nalUnitType(nalUnit)))
      .slice(-maxKeptParameterSets);
    // Of equal ones the last stays: between them the same id may have had another content.
    this.#nalUnits = sets.filter(
      (nalUnit, index) => !sets.some((later, at) => at > index && later.equals(nalUnit)),
    );
    this.#bytes = this.#nalUnits.reduce((bytes, nalUnit) => bytes + nalUnit.length, 0);
  }
}
