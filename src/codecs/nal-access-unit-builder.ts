import type { AccessUnit } from '../media/access-unit.ts';
import type { NalUnitSyntax } from './nal-unit-syntax.ts';

/** Maximum size of an access unit, bytes: far above any picture of a browser or camera. */
export const MAX_ACCESS_UNIT_BYTES = 16 * 1024 * 1024;

/** Maximum number of NAL units in an access unit. */
export const MAX_NAL_UNITS = 8192;

/** Maximum number of parameter sets that are kept for a later unit. */
const MAX_KEPT_PARAMETER_SETS = 32;

/**
 * Collects the NAL units of access units and decides what happens to each unit:
 *
 * - a unit with a complete picture is emitted;
 * - an incomplete unit is dropped, and the next one is marked as a discontinuity, unless nothing
 * refers to the dropped one;
 * - parameter sets without a picture, or of a dropped picture, are added to the next unit: some
 * encoders send them with a timestamp of their own, some send them only once.
 */
export class NalAccessUnitBuilder {
  /** Number of incomplete units. */
  brokenUnits = 0;
  readonly #syntax: NalUnitSyntax;
  readonly #emit: (unit: AccessUnit) => void;
  readonly #keepIncomplete: boolean;
  #open = false;
  #timestamp = 0;
  #arrivalUs = 0;
  #nalUnits: Buffer[] = [];
  #bytes = 0;
  #hasPicture = false;
  #keyframe = false;
  #hasSequenceParameterSet = false;
  /** The current unit accepts nothing more and will not be emitted. */
  #broken = false;
  /** Part of the current unit is missing. */
  #incomplete = false;
  /** A slice of the current unit shows that no other picture refers to it. */
  #disposable = false;
  /** The packets before this unit are unknown and may include its first slices. */
  #startUncertain = false;
  #gapBefore = true;
  #discontinuity = false;
  #sequenceParameterSetSeen = false;
  #keyframesBringParameterSets = false;

  /**
   * @param syntax of the codec's NAL units
   * @param emit receives each complete access unit
   * @param keepIncomplete also emit incomplete units, with their complete NAL units; such a unit is
   * not a keyframe and is a discontinuity
   */
  constructor(syntax: NalUnitSyntax, emit: (unit: AccessUnit) => void, keepIncomplete: boolean) {
    this.#syntax = syntax;
    this.#emit = emit;
    this.#keepIncomplete = keepIncomplete;
  }

  /** Whether a picture is being built, complete or not. */
  get open(): boolean {
    return this.#open && this.#hasPicture;
  }

  /** Whether a unit with this RTP timestamp is being built. */
  isOpen(timestamp: number): boolean {
    return this.#open && this.#timestamp === timestamp;
  }

  /** Whether further NAL units of the current unit are useless. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether part of the current unit is missing because of a loss. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** Whether a unit to which others may refer has been lost since the last emitted one. */
  get discontinuity(): boolean {
    return this.#discontinuity;
  }

  /** Whether the first packets of the current unit may be lost. */
  get startUncertain(): boolean {
    return this.#startUncertain && !this.#hasPicture;
  }

  /** Whether a sequence parameter set has arrived since the stream began. */
  get sequenceParameterSetSeen(): boolean {
    return this.#sequenceParameterSetSeen;
  }

  /** Size of the current unit, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Packets were lost after the last one: the current unit may be incomplete.
   *
   * @param timestamp of the first packet after the gap. If it is that of the current unit,
   * everything that was lost belongs to this unit.
   */
  lose(timestamp: number): void {
    const inside = this.isOpen(timestamp);
    if (!inside) this.#discontinuity = true;
    this.#gapBefore = true;
    if (this.#open) this.breakUnit();
  }

  /** Takes the first two bytes of a NAL unit whose rest is still to come. */
  noteStart(first: number, second: number): void {
    const syntax = this.#syntax;
    if (syntax.isSlice(first) && syntax.isDisposable(first, second)) this.#disposable = true;
  }

  /** Ends the current unit and begins one with this RTP timestamp. */
  begin(timestamp: number, arrivalUs: number): void {
    this.end();
    this.#open = true;
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#startUncertain = this.#gapBefore;
  }

  /**
   * Counts a packet of the current unit; a retransmitted one may have arrived before or after
   * others.
   */
  notePacket(arrivalUs: number): void {
    this.#gapBefore = false;
    if (arrivalUs < this.#arrivalUs) this.#arrivalUs = arrivalUs;
  }

  /**
   * Adds a complete NAL unit to the current unit.
   *
   * @returns false if the NAL unit is invalid, or exceeds the limits of the unit
   */
  add(nalUnit: Buffer): boolean {
    const syntax = this.#syntax;
    if (!syntax.isNalUnit(nalUnit)) return false;
    if (
      this.#nalUnits.length === MAX_NAL_UNITS ||
      this.#bytes + nalUnit.length > MAX_ACCESS_UNIT_BYTES
    ) {
      this.breakUnit();
      this.#giveUp();
      return false;
    }
    if (syntax.isSlice(nalUnit[0]!)) {
      if (nalUnit.length < syntax.shortestSlice) {
        this.breakUnit();
        return false;
      }
      if (this.startUncertain && !this.#startsWith(nalUnit)) {
        this.breakUnit();
        if (this.#broken) return true;
      }
      this.#hasPicture = true;
      if (syntax.isKeyframe(nalUnit)) this.#keyframe = true;
      this.noteStart(nalUnit[0]!, nalUnit[1]!);
    }
    if (syntax.isSequenceParameterSet(nalUnit)) {
      this.#hasSequenceParameterSet = true;
      this.#sequenceParameterSetSeen = true;
    }
    this.#nalUnits.push(nalUnit);
    this.#bytes += nalUnit.length;
    return true;
  }

  /**
   * Part of the current unit is missing. The unit is given up, unless incomplete units are kept. In
   * both cases the next one is a discontinuity if it may refer to this one.
   */
  breakUnit(): void {
    this.#incomplete = true;
    if (!this.#disposable) this.#discontinuity = true;
    if (!this.#keepIncomplete) this.#giveUp();
  }

  /**
   * Whether the marker bit can end the current unit: not while it has only the prelude of a
   * picture.
   */
  get endsAtMarker(): boolean {
    return this.#hasPicture || this.#incomplete;
  }

  /** Ends the current unit, if any: emits it if it is complete or incomplete ones are kept. */
  end(): void {
    if (!this.#open) return;
    if (this.#incomplete) this.brokenUnits++;
    if (this.#incomplete && this.#hasSequenceParameterSet) this.#keyframesBringParameterSets = true;
    if (this.#broken || !this.#hasPicture) {
      this.#keepParameterSets();
      this.#clear();
      return;
    }
    if (this.#keyframe && !this.#incomplete) {
      this.#keyframesBringParameterSets = this.#hasSequenceParameterSet;
    }
    const unit: AccessUnit = {
      codec: this.#syntax.codec,
      rtpTimestamp: this.#timestamp,
      arrivalUs: this.#arrivalUs,
      keyframe: this.#keyframe && !this.#incomplete,
      discontinuity: this.#discontinuity || this.#incomplete,
      parts: this.#nalUnits,
    };
    this.#discontinuity = false;
    this.#nalUnits = [];
    this.#bytes = 0;
    this.#clear();
    this.#emit(unit);
  }

  /** Resets everything: another stream follows. */
  reset(): void {
    this.#nalUnits = [];
    this.#bytes = 0;
    this.#discontinuity = false;
    this.#gapBefore = true;
    this.#sequenceParameterSetSeen = false;
    this.#keyframesBringParameterSets = false;
    this.#clear();
  }

  #giveUp(): void {
    this.#broken = true;
    this.#keepParameterSets();
  }

  #clear(): void {
    this.#open = false;
    this.#hasPicture = false;
    this.#keyframe = false;
    this.#hasSequenceParameterSet = false;
    this.#broken = false;
    this.#incomplete = false;
    this.#disposable = false;
    this.#startUncertain = false;
  }

  /**
   * Whether nothing that a decoder needs can be missing before this slice, the first of the unit. A
   * keyframe without its parameter sets would be decoded with earlier ones, which may be wrong.
   */
  #startsWith(slice: Buffer): boolean {
    if (!this.#syntax.startsPicture(slice)) return false;
    const needsParameterSets = this.#keyframesBringParameterSets && this.#syntax.isKeyframe(slice);
    return !needsParameterSets || this.#hasSequenceParameterSet;
  }

  #keepParameterSets(): void {
    const sets = this.#nalUnits
      .filter((nalUnit) => this.#syntax.isParameterSet(nalUnit))
      .slice(-MAX_KEPT_PARAMETER_SETS);
    // Of equal ones the last is kept: in between, the same id may have had another content.
    this.#nalUnits = sets.filter(
      (nalUnit, index) => !sets.some((later, at) => at > index && later.equals(nalUnit)),
    );
    this.#bytes = this.#nalUnits.reduce((bytes, nalUnit) => bytes + nalUnit.length, 0);
  }
}
