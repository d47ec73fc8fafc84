import type { AccessUnit } from '../../media/access-unit.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_PARTS } from '../frame-builder.ts';
import { readVp9Configuration } from './configuration.ts';
import { hiddenFrame, noteWidth } from './hidden-frame.ts';
import { MOST_FRAMES, superframeIndex } from './superframe.ts';

/** The highest spatial layer that there can be (RFC 9628 §4.2). */
const HIGHEST_LAYER = 7;

/** A frame of one spatial layer that is whole. */
interface LayerFrame {
  spatialId: number;
  parts: Buffer[];
  bytes: number;
}

/**
 * Collects the layer frames of pictures and emits what can be decoded of each picture: the complete
 * layers, except those that refer to a lower layer that is missing.
 */
export class PictureBuilder {
  /** Number of incomplete pictures. */
  broken = 0;
  /** Number of pictures with invalid frames. */
  malformed = 0;
  readonly #emit: (unit: AccessUnit) => void;
  #open = false;
  #timestamp = 0;
  #arrivalUs = 0;
  readonly #layers: LayerFrame[] = [];
  /** Widths of the spatial layers, from the last frames that contained them. */
  readonly #widths: number[] = [];
  /** The highest spatial layer of the last key frame. */
  #highest = HIGHEST_LAYER;
  /** The layer frame of which more is to come, and whether it is one that can be used. */
  #layer: LayerFrame | undefined;
  #bytes = 0;
  #incomplete = false;
  #gapBefore = true;
  #startUncertain = false;
  /** Something to which others may refer was lost before, in or after the current picture. */
  #discontinuity = false;
  #lossSince = false;

  /** @param emit receives each picture, or what can be decoded of it */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#emit = emit;
  }

  /** Whether a picture with this RTP timestamp is being built. */
  isOpen(timestamp: number): boolean {
    return this.#open && this.#timestamp === timestamp;
  }

  /** Whether a layer frame has begun and not ended. */
  get inLayer(): boolean {
    return this.#layer !== undefined;
  }

  /** Whether part of the current picture is, or may be, missing before the next packet. */
  get excusesGap(): boolean {
    return this.#startUncertain || this.#incomplete;
  }

  /** Whether a picture to which others may refer has been lost since the last emitted one. */
  get discontinuity(): boolean {
    return this.#discontinuity || this.#lossSince;
  }

  /** Packets were lost after the last one. */
  lose(): void {
    this.#gapBefore = true;
    this.#lossSince = true;
    if (this.#layer !== undefined) this.breakLayer();
    else if (this.#open) this.#startUncertain = true;
  }

  /** Ends the current picture and begins one with this RTP timestamp. */
  begin(timestamp: number, arrivalUs: number): void {
    this.end();
    this.#open = true;
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#startUncertain = this.#gapBefore;
    // A loss before this picture is reported by it, not by the next one.
    this.#discontinuity ||= this.#lossSince;
    this.#lossSince = false;
  }

  /**
   * Counts a packet of the current picture; a retransmitted one may have arrived before or after
   * others.
   */
  notePacket(arrivalUs: number): void {
    this.#gapBefore = false;
    if (arrivalUs < this.#arrivalUs) this.#arrivalUs = arrivalUs;
  }

  /**
   * Begins a layer frame. It is useless if it refers to a lower layer that is missing.
   *
   * @param dependsOnLower it refers to the layer below
   */
  beginLayer(spatialId: number, dependsOnLower: boolean): void {
    this.#layer = { spatialId, parts: [], bytes: 0 };
    const lower = this.#layers.at(-1)?.spatialId ?? -1;
    if (lower === -1 && spatialId > 0 && this.#startUncertain) this.#noteMissing();
    if (
      spatialId <= lower ||
      (dependsOnLower && spatialId - 1 !== lower) ||
      this.#layers.length === MOST_FRAMES
    ) {
      this.breakLayer();
    }
  }

  /** Adds a piece to the current layer frame; false if the picture becomes too large. */
  add(part: Buffer): boolean {
    const layer = this.#layer!;
    if (layer.parts.length === MAX_FRAME_PARTS || this.#bytes + part.length > MAX_FRAME_BYTES) {
      this.breakLayer();
      return false;
    }
    layer.parts.push(part);
    layer.bytes += part.length;
    this.#bytes += part.length;
    return true;
  }

  /** Ends the current layer frame, which is complete. */
  endLayer(): void {
    this.#layers.push(this.#layer!);
    this.#layer = undefined;
  }

  /** Gives up the current layer frame, or counts a missing one. */
  breakLayer(): void {
    this.#layer = undefined;
    this.#noteMissing();
  }

  /** Ends the current picture, if any, and emits what can be decoded of it. */
  end(): void {
    if (!this.#open) return;
    const layers = this.#layers;
    const isKeyframe = layers[0]?.spatialId === 0 && isKeyFrame(layers[0].parts[0]![0]!);
    const isReduced = this.#leaveOutNewLayers(isKeyframe);
    const parts = this.#joined();
    if (isKeyframe && readVp9Configuration(parts) === undefined) {
      this.malformed++;
      this.#noteMissing();
      parts.length = 0;
    }
    if (this.#incomplete) this.broken++;
    const unit: AccessUnit = {
      codec: 'vp9',
      rtpTimestamp: this.#timestamp,
      arrivalUs: this.#arrivalUs,
      keyframe: isKeyframe,
      discontinuity: this.#discontinuity,
      parts,
    };
    if (isReduced) unit.isReduced = true;
    if (parts.length > 0) this.#discontinuity = false;
    this.#discontinuity ||= this.#lossSince;
    this.#lossSince = false;
    this.#clear();
    if (parts.length > 0) this.#emit(unit);
  }

  /** Resets everything: another stream follows. */
  reset(): void {
    this.#discontinuity = false;
    this.#lossSince = false;
    this.#gapBefore = true;
    this.#widths.length = 0;
    this.#highest = HIGHEST_LAYER;
    this.#clear();
  }

  /**
   * Leaves out spatial layers above those of the last key frame. Senders add one as soon as the network
   * allows it, without a key frame: pictures would get larger than what says how large they are.
   */
  #leaveOutNewLayers(isKeyframe: boolean): boolean {
    const layers = this.#layers;
    if (isKeyframe) this.#highest = layers.at(-1)!.spatialId;
    let kept = layers.length;
    while (kept > 0 && layers[kept - 1]!.spatialId > this.#highest) kept--;
    if (kept === 0 || kept === layers.length) return false;
    layers.length = kept;
    return true;
  }

  /** The layer frames as one sample, of which only the last is shown. */
  #joined(): Buffer[] {
    const layers = this.#layers;
    const shown = layers.at(-1);
    if (shown === undefined) return [];
    noteWidth(shown, this.#widths);
    if (layers.length === 1) return shown.parts;
    const parts: Buffer[] = [];
    const sizes: number[] = [];
    for (const [at, layer] of layers.entries()) {
      if (at < layers.length - 1) hiddenFrame(layer, this.#widths);
      for (const part of layer.parts) parts.push(part);
      sizes.push(layer.bytes);
    }
    parts.push(superframeIndex(sizes));
    return parts;
  }

  #noteMissing(): void {
    this.#incomplete = true;
    this.#lossSince = true;
  }

  #clear(): void {
    this.#open = false;
    this.#layers.length = 0;
    this.#layer = undefined;
    this.#bytes = 0;
    this.#incomplete = false;
    this.#startUncertain = false;
  }
}

/** frame_type of a frame with this first byte that shows no existing frame (§6.2). */
function isKeyFrame(firstByte: number): boolean {
  const isProfile3 = (firstByte & 0x30) === 0x30;
  return (firstByte & (isProfile3 ? 0x06 : 0x0c)) === 0;
}
