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
 * Collects the layer frames of one picture after the other, and emits of each picture what can be
 * decoded: the layers that are whole, of which none lacks the one below that it refers to.
 */
export class PictureBuilder {
  /** Pictures that something was missing of. */
  broken = 0;
  /** Pictures whose frames make no sense. */
  malformed = 0;
  readonly #emit: (unit: AccessUnit) => void;
  #open = false;
  #timestamp = 0;
  #arrivalUs = 0;
  readonly #layers: LayerFrame[] = [];
  /** Widths of the spatial layers, as their last frames that said so said. */
  readonly #widths: number[] = [];
  /** The highest spatial layer of the last key frame. */
  #highest = HIGHEST_LAYER;
  /** The layer frame of which more is to come, and whether it is one that can be used. */
  #layer: LayerFrame | undefined;
  #bytes = 0;
  #incomplete = false;
  #gapBefore = true;
  #startUncertain = false;
  /** Something that others may refer to was lost before, or in or after, the picture in hand. */
  #discontinuity = false;
  #lossSince = false;

  /** @param emit takes each picture, or what can be decoded of it */
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

  /** Whether something is missing of the picture in hand, or may be, before what comes next. */
  get excusesGap(): boolean {
    return this.#startUncertain || this.#incomplete;
  }

  /** Whether a picture was lost, since the last one that came out, that others may refer to. */
  get discontinuity(): boolean {
    return this.#discontinuity || this.#lossSince;
  }

  /** Notes that packets were lost after the last one. */
  lose(): void {
    this.#gapBefore = true;
    this.#lossSince = true;
    if (this.#layer !== undefined) this.breakLayer();
    else if (this.#open) this.#startUncertain = true;
  }

  /** Ends the picture in hand and begins one with this RTP timestamp. */
  begin(timestamp: number, arrivalUs: number): void {
    this.end();
    this.#open = true;
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#startUncertain = this.#gapBefore;
    // What was lost before this picture is said by it, not by the next one.
    this.#discontinuity ||= this.#lossSince;
    this.#lossSince = false;
  }

  /** Notes a packet of the picture in hand; a retransmitted one may have arrived before or after others. */
  notePacket(arrivalUs: number): void {
    this.#gapBefore = false;
    if (arrivalUs < this.#arrivalUs) this.#arrivalUs = arrivalUs;
  }

  /**
   * Begins a layer frame. One that refers to a lower layer which is not there is of no use.
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

  /** Adds a piece to the layer frame in hand; false when the picture gets too large. */
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

  /** Ends the layer frame in hand: it is whole. */
  endLayer(): void {
    this.#layers.push(this.#layer!);
    this.#layer = undefined;
  }

  /** Gives up the layer frame in hand, or notes that one is missing. */
  breakLayer(): void {
    this.#layer = undefined;
    this.#noteMissing();
  }

  /** Ends the picture in hand, if any, and emits what can be decoded of it. */
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

  /** Forgets everything: what follows is another stream. */
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

/** frame_type of a frame with this first byte that shows none decoded before (§6.2). */
function isKeyFrame(firstByte: number): boolean {
  const isProfile3 = (firstByte & 0x30) === 0x30;
  return (firstByte & (isProfile3 ? 0x06 : 0x0c)) === 0;
}
