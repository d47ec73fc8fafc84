import type { AccessUnit } from '../media/access-unit.ts';
import { UPRIGHT } from '../media/picture-orientation.ts';
import type { PictureSize, PictureSizeReader } from '../media/picture-size.ts';
import type { RtpPacket } from '../media/rtp-packet.ts';
import { Layer } from './layer.ts';
import { LayerChoice, largest } from './layer-choice.ts';
import type { MediaSection } from './media-section.ts';
import type { ReportBlock } from './rtcp-report-block.ts';
import type { SenderReport } from './sender-report.ts';
import type { DepacketizingOptions } from './track-depacketizer.ts';
import { TrackReceiver, type TrackReceiverEvents } from './track-receiver.ts';
import {
  addStatistics,
  noStatistics,
  subtractStatistics,
  type TrackStatistics,
} from './track-statistics.ts';

/**
 * How long the first pictures are held until the layers are known, µs: less than the time for which
 * a recording's sound waits for them.
 */
const LEARNING_US = 1_500_000;
/** Maximum number of held pictures of a layer; more end the wait. */
const MAX_HELD_UNITS = 256;

/** The layer in use of a track with several. */
export interface LayerStatistics {
  /** Restriction identifier (RFC 8851), if the layer has one. */
  rid?: string;
  ssrc: number;
  /** Size of the pictures according to the latest keyframe; undefined before the first. */
  size?: PictureSize;
  /** Number of layers received so far. */
  of: number;
  /** Number of changes to another layer. */
  switches: number;
}

/** Events of a {@link LayeredTrack}, called from within its methods. */
export interface LayeredTrackEvents
  extends Pick<TrackReceiverEvents, 'onAccessUnit' | 'sendNack' | 'sendKeyframeRequest'> {
  /** A report of the layer in use. */
  onSenderReport(report: SenderReport): void;
  /** Later units have another RTP timeline: another SSRC took over, or another layer is in use. */
  onRestart(): void;
}

/** Options of a {@link LayeredTrack}. */
export interface LayeredTrackOptions extends DepacketizingOptions {
  pictureSize: PictureSizeReader;
}

/**
 * A track of a publisher, which may be sent in several encodings simultaneously (simulcast, RFC
 * 8853): a {@link TrackReceiver} for each, one of which is in use at a time. At first all are
 * received for a moment, so that the recording does not begin with a layer that is too small;
 * later, layers change at keyframes. Of the other layers only the size of the pictures is read, and
 * no retransmissions are requested.
 */
export class LayeredTrack {
  readonly section: MediaSection;
  readonly #events: LayeredTrackEvents;
  readonly #options: LayeredTrackOptions;
  readonly #layers: Layer[] = [];
  #choice: LayerChoice<Layer> | undefined;
  /** To be used from its next keyframe on. */
  #target: Layer | undefined;
  #learningUntilUs: number | undefined;
  #switches = 0;
  #nowUs = 0;
  /** Counters of layers that were in use before the current one. */
  #counted = noStatistics();
  /** Counters of the current layer from before it was in use. */
  #uncounted = noStatistics();

  constructor(section: MediaSection, events: LayeredTrackEvents, options: LayeredTrackOptions) {
    this.section = section;
    this.#events = events;
    this.#options = options;
  }

  /**
   * Takes a packet of a layer.
   * @param number of the layer in the order of arrival
   * @param rid restriction identifier of the layer, if it has one
   * @param takesOver true if its SSRC has changed
   */
  receive(number: number, rid: string | undefined, packet: RtpPacket, takesOver: boolean): void {
    this.#nowUs = packet.arrivalUs;
    const layer = this.#layers[number] ?? this.#add();
    layer.rid = rid;
    layer.arrivals.note(packet.arrivalUs);
    if (takesOver) {
      layer.receiver.restart(packet.ssrc);
      layer.report = undefined;
      layer.orientation.reset();
      if (layer === this.#choice?.kept) this.#events.onRestart();
      else layer.held.length = 0;
    }
    if (this.#choice === undefined && this.#learningUntilUs === undefined) this.#begin(layer);
    if (packet.orientation) layer.orientation.note(packet.orientation, packet.timestamp);
    layer.receiver.receive(packet);
  }

  /** Takes a packet of the retransmission stream of a layer (RFC 4588). */
  receiveRetransmission(number: number, packet: RtpPacket): void {
    this.#nowUs = packet.arrivalUs;
    const layer = this.#layers[number];
    if (packet.orientation) layer?.orientation.note(packet.orientation, packet.timestamp);
    layer?.receiver.receiveRetransmission(packet);
  }

  /** Whether a layer is received from this SSRC. */
  has(ssrc: number): boolean {
    for (const { receiver } of this.#layers) if (receiver.ssrc === ssrc) return true;
    return false;
  }

  /** Whether this is the SSRC of the layer in use. */
  isTaken(ssrc: number): boolean {
    return this.#choice?.kept.receiver.ssrc === ssrc;
  }

  /**
   * Takes a sender report of a layer.
   * @param ntpMiddle32 middle 32 bits of its NTP time
   * @param report undefined if it has no wall clock
   */
  onSenderReport(
    ssrc: number,
    ntpMiddle32: number,
    arrivalUs: number,
    report: SenderReport | undefined,
  ): void {
    const layer = this.#layers.find(({ receiver }) => receiver.ssrc === ssrc);
    if (layer === undefined) return;
    layer.receiver.onSenderReport(ntpMiddle32, arrivalUs);
    if (report === undefined) return;
    layer.report = report;
    if (layer === this.#choice?.kept) this.#events.onSenderReport(report);
  }

  /**
   * Does what is due at `nowUs`, µs on the steady clock. Call it every 20 ms.
   * @param isOut see {@link TrackReceiver.tick}
   */
  tick(nowUs: number, isOut = false): void {
    this.#nowUs = nowUs;
    for (const { receiver } of this.#layers) receiver.tick(nowUs, isOut);
    if (this.#choice === undefined) this.#learn();
    else if (this.#layers.length > 1) this.#look(this.#choice);
  }

  /** The stream has ended: delivers what waits for lost packets. */
  flush(): void {
    for (const { receiver } of this.#layers) receiver.flush();
    if (this.#choice === undefined) this.#takeFirst();
  }

  /**
   * Requests a keyframe of the layer in use, or of the one that will be. @param nowUs µs on the
   * steady clock
   */
  requestKeyframe(nowUs: number): void {
    for (const layer of this.#layers) {
      if (this.#choice === undefined || layer === this.#choice.kept || layer === this.#target) {
        layer.receiver.requestKeyframe(nowUs);
      }
    }
  }

  /** Report blocks of all layers, see {@link TrackReceiver.reportBlock}. */
  reportBlocks(nowUs: number): ReportBlock[] {
    return this.#layers.flatMap(({ receiver }) => receiver.reportBlock(nowUs) ?? []);
  }

  /** Counters of the layers for the time in which they were in use. */
  statistics(): TrackStatistics {
    const kept = this.#choice?.kept.receiver.statistics() ?? noStatistics();
    return addStatistics(this.#counted, subtractStatistics(kept, this.#uncounted));
  }

  /** The layer in use; undefined if there is only one. */
  layer(): LayerStatistics | undefined {
    const kept = this.#choice?.kept;
    if (kept === undefined || this.#layers.length < 2) return undefined;
    return {
      ...(kept.rid !== undefined && { rid: kept.rid }),
      ssrc: kept.receiver.ssrc!,
      ...(kept.size && { size: kept.size }),
      of: this.#layers.length,
      switches: this.#switches,
    };
  }

  #add(): Layer {
    const { sendNack, sendKeyframeRequest } = this.#events;
    const receiver = new TrackReceiver(
      this.section,
      { onAccessUnit: (unit) => this.#onUnit(layer, unit), sendNack, sendKeyframeRequest },
      this.#options,
    );
    const layer = new Layer(receiver);
    this.#layers.push(layer);
    return layer;
  }

  /**
   * Called for the first packet: a sender that names the encoding (RFC 8852) sends several, whether
   * or not they were announced.
   */
  #begin(layer: Layer): void {
    const maySendMore = this.section.layers !== undefined || layer.rid !== undefined;
    if (this.section.kind === 'video' && maySendMore) {
      this.#learningUntilUs = this.#nowUs + LEARNING_US;
    } else {
      this.#choice = new LayerChoice(layer, this.#nowUs);
    }
  }

  #onUnit(layer: Layer, unit: AccessUnit): void {
    const orientation = layer.orientation.at(unit.rtpTimestamp);
    if (orientation !== UPRIGHT) unit.orientation = orientation;
    if (unit.keyframe && this.section.kind === 'video') {
      layer.size = this.#options.pictureSize(unit) ?? layer.size;
    }
    if (this.#choice === undefined) {
      this.#hold(layer, unit);
    } else if (layer === this.#choice.kept) {
      this.#events.onAccessUnit(unit);
    } else if (layer === this.#target && unit.keyframe) {
      this.#switchTo(layer, unit, this.#choice);
    } else if (layer !== this.#target && layer.size !== undefined) {
      layer.receiver.setStandby(true, this.#nowUs);
    }
  }

  #hold(layer: Layer, unit: AccessUnit): void {
    if (unit.keyframe) layer.held.length = 0;
    else if (layer.held.length === 0) return;
    layer.held.push(unit);
  }

  /** Whether all announced layers have arrived, or have been awaited long enough. */
  #learn(): void {
    const { layers } = this.section;
    const expected = layers && Math.max(layers.rids.length, layers.ssrcs.length);
    const known = this.#layers.filter(({ size }) => size !== undefined).length;
    const isFull = this.#layers.some(({ held }) => held.length > MAX_HELD_UNITS);
    const isOver = this.#learningUntilUs !== undefined && this.#nowUs >= this.#learningUntilUs;
    if (isFull || isOver || (expected !== undefined && known >= expected)) this.#takeFirst();
  }

  #takeFirst(): void {
    const begun = this.#layers.filter(({ held }) => held.length > 0);
    const layer = largest(begun, this.#nowUs) ?? begun[0] ?? largest(this.#layers, this.#nowUs);
    if (layer === undefined) return;
    this.#choice = new LayerChoice(layer, this.#nowUs);
    const { held } = layer;
    for (const other of this.#layers) {
      other.held = [];
      if (other !== layer && other.size !== undefined) {
        other.receiver.setStandby(true, this.#nowUs);
      }
    }
    for (const [position, unit] of held.entries()) {
      this.#events.onAccessUnit(unit);
      if (position === 0) this.#tellReport(layer);
    }
  }

  #look(choice: LayerChoice<Layer>): void {
    const target = choice.better(this.#layers, this.#nowUs);
    if (target === this.#target) return;
    if (this.#target !== undefined && this.#target !== choice.kept) {
      this.#target.receiver.setStandby(true, this.#nowUs);
    }
    this.#target = target;
    if (target === undefined) return;
    target.receiver.setStandby(false, this.#nowUs);
    target.receiver.requestKeyframe(this.#nowUs);
  }

  #switchTo(layer: Layer, keyframe: AccessUnit, choice: LayerChoice<Layer>): void {
    const before = choice.kept.receiver;
    // What can still be delivered of the previous layer belongs to it.
    before.flush();
    before.setStandby(true, this.#nowUs);
    this.#counted = this.statistics();
    this.#uncounted = layer.receiver.statistics();
    this.#target = undefined;
    this.#switches++;
    choice.take(layer, this.#nowUs);
    this.#events.onRestart();
    this.#events.onAccessUnit(keyframe);
    this.#tellReport(layer);
  }

  #tellReport({ report }: Layer): void {
    if (report !== undefined) this.#events.onSenderReport(report);
  }
}
