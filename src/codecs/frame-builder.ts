import type { AccessUnit } from '../media/access-unit.ts';

/** Maximum size of a frame, bytes: far above any picture of a browser or camera. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Maximum number of pieces of a frame: enough for the largest in packets of 512 bytes. */
export const MAX_FRAME_PARTS = MAX_FRAME_BYTES / 512;

/**
 * Collects the pieces of frames, for codecs whose frames are only useful when complete, and emits
 * complete frames. After a dropped frame, the next one is marked as a discontinuity, unless nothing
 * refers to the dropped one.
 */
export class FrameBuilder {
  /** Number of incomplete frames. */
  broken = 0;
  /** Decoding can start at the current frame. */
  keyframe = false;
  /** Nothing refers to the current frame. */
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
   * @param emit receives each complete frame
   */
  constructor(codec: string, emit: (unit: AccessUnit) => void) {
    this.#codec = codec;
    this.#emit = emit;
  }

  /** Whether a frame is being built, complete or not. */
  get open(): boolean {
    return this.#open;
  }

  /** Whether a frame with this RTP timestamp is being built. */
  isOpen(timestamp: number): boolean {
    return this.#open && this.#timestamp === timestamp;
  }

  /** Whether part of the current frame is missing, so that further pieces are useless. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** Whether a frame to which others may refer has been lost since the last emitted one. */
  get discontinuity(): boolean {
    return this.#discontinuity;
  }

  /** Whether packets were lost before the current frame, possibly including its first ones. */
  get startUncertain(): boolean {
    return this.#startUncertain;
  }

  /** Whether the current frame has no pieces yet. */
  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** The pieces of the current frame in decoding order. */
  get parts(): readonly Buffer[] {
    return this.#parts;
  }

  /** Size of the current frame, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Packets were lost after the last one: the current frame may be incomplete.
   *
   * @param timestamp of the first packet after the gap. If it is that of the current frame,
   * everything that was lost belongs to this frame.
   */
  lose(timestamp: number): void {
    if (!this.isOpen(timestamp)) this.#discontinuity = true;
    this.#gapBefore = true;
    this.breakFrame();
  }

  /** Ends the current frame and begins one with this RTP timestamp. */
  begin(timestamp: number, arrivalUs: number): void {
    this.end();
    this.#open = true;
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#startUncertain = this.#gapBefore;
  }

  /**
   * Counts a packet of the current frame; a retransmitted one may have arrived before or after
   * others.
   */
  notePacket(arrivalUs: number): void {
    this.#gapBefore = false;
    if (arrivalUs < this.#arrivalUs) this.#arrivalUs = arrivalUs;
  }

  /**
   * Adds a piece to the current frame.
   *
   * @returns false if the frame becomes too large; it is then given up
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

  /** Gives up the current frame, if any, because part of it is missing. */
  breakFrame(): void {
    if (!this.#open) return;
    this.#incomplete = true;
    if (!this.disposable) this.#discontinuity = true;
    this.#dropParts();
  }

  /** Removes the current frame, which contains no picture. */
  discard(): void {
    this.#clear();
  }

  /** Ends the current frame, if any: emits it if it is complete and not empty. */
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

  /** Resets everything: another stream follows. */
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
