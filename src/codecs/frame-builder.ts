import type { AccessUnit } from '../media/access-unit.ts';

/** Largest frame in bytes: far above any picture a browser or camera sends. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Most pieces of one frame: enough for the largest in packets of 512 bytes. */
export const MAX_FRAME_PARTS = MAX_FRAME_BYTES / 512;

/**
 * Collects the pieces of one frame after the other, for codecs whose frames are of use only whole,
 * and emits those that nothing is missing of. After one that was dropped the next says so, unless
 * nothing refers to the dropped one.
 */
export class FrameBuilder {
  /** Frames that something was missing of. */
  broken = 0;
  /** The frame in hand is one that decoding can start with. */
  keyframe = false;
  /** Nothing refers to the frame in hand. */
  disposable = false;
  readonly #codec: string;
  readonly #emit: (unit: AccessUnit) => void;
  #open = false;
  #timestamp = 0;
  #arrivalUs = 0;
  #parts: Buffer[] = [];
  #bytes = 0;
  #incomplete = false;
  #gapBefore = true;
  #startUncertain = false;
  #discontinuity = false;

  /**
   * @param codec its name in the registry
   * @param emit takes each whole frame
   */
  constructor(codec: string, emit: (unit: AccessUnit) => void) {
    this.#codec = codec;
    this.#emit = emit;
  }

  /** Whether a frame is being built, whole or not. */
  get open(): boolean {
    return this.#open;
  }

  /** Whether a frame with this RTP timestamp is being built. */
  isOpen(timestamp: number): boolean {
    return this.#open && this.#timestamp === timestamp;
  }

  /** Whether something is missing of the frame in hand, so that more of it is of no use. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** Whether a frame was lost, since the last one that came out, that others may refer to. */
  get discontinuity(): boolean {
    return this.#discontinuity;
  }

  /** Whether packets were lost before the frame in hand, among them perhaps its first ones. */
  get startUncertain(): boolean {
    return this.#startUncertain;
  }

  /** Whether nothing was added to the frame in hand yet. */
  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** The pieces of the frame in hand so far, in decoding order. */
  get parts(): readonly Buffer[] {
    return this.#parts;
  }

  /** Bytes of the frame in hand. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Notes that packets were lost after the last one: the frame in hand cannot be trusted.
   *
   * @param timestamp of the first packet behind the gap. Where it is that of the frame in hand, all
   *   that was lost is of this frame.
   */
  lose(timestamp: number): void {
    if (!this.isOpen(timestamp)) this.#discontinuity = true;
    this.#gapBefore = true;
    this.breakFrame();
  }

  /** Ends the frame in hand and begins one with this RTP timestamp. */
  begin(timestamp: number, arrivalUs: number): void {
    this.end();
    this.#open = true;
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#startUncertain = this.#gapBefore;
  }

  /** Notes a packet of the frame in hand; a retransmitted one may have arrived before or after others. */
  notePacket(arrivalUs: number): void {
    this.#gapBefore = false;
    if (arrivalUs < this.#arrivalUs) this.#arrivalUs = arrivalUs;
  }

  /**
   * Adds a piece to the frame in hand.
   *
   * @returns false when the frame gets too large; it is given up then
   */
  add(part: Buffer): boolean {
    if (this.#parts.length === MAX_FRAME_PARTS || this.#bytes + part.length > MAX_FRAME_BYTES) {
      this.breakFrame();
      return false;
    }
    this.#parts.push(part);
    this.#bytes += part.length;
    return true;
  }

  /** Gives up the frame in hand, if any, because something of it is missing. */
  breakFrame(): void {
    if (!this.#open) return;
    this.#incomplete = true;
    if (!this.disposable) this.#discontinuity = true;
    this.#dropParts();
  }

  /** Forgets the frame in hand, in which is nothing to show. */
  discard(): void {
    this.#clear();
  }

  /** Ends the frame in hand, if any: emits it when it is whole and there is anything of it. */
  end(): void {
    if (!this.#open) return;
    if (this.#incomplete) {
      this.broken++;
    } else if (this.#parts.length > 0) {
      const unit: AccessUnit = {
        codec: this.#codec,
        rtpTimestamp: this.#timestamp,
        arrivalUs: this.#arrivalUs,
        keyframe: this.keyframe,
        discontinuity: this.#discontinuity,
        parts: this.#parts,
      };
      this.#discontinuity = false;
      this.#parts = [];
      this.#clear();
      this.#emit(unit);
      return;
    }
    this.#clear();
  }

  /** Forgets everything: what follows is another stream. */
  reset(): void {
    this.#discontinuity = false;
    this.#gapBefore = true;
    this.#clear();
  }

  #clear(): void {
    this.#open = false;
    this.keyframe = false;
    this.disposable = false;
    this.#incomplete = false;
    this.#startUncertain = false;
    this.#dropParts();
  }

  #dropParts(): void {
    if (this.#parts.length > 0) this.#parts = [];
    this.#bytes = 0;
  }
}
