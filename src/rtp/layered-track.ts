import type { AccessUnit } from '../media/access-unit.ts';
import { UPRIGHT } from '../media/picture-orientation.ts';
import type { PictureSize, PictureSizeReader } from '../media/picture-size.ts';
import type { RtpPacket } from '../media/rtp-packet.ts';
import { LayerArrivals, LayerChoice, largest } from './layer-choice.ts';
import type { MediaSection } from './media-section.ts';
import type { ReportBlock } from './rtcp-report-block.ts';
import { StatedOrientation } from './stated-orientation.ts';
import type { DepacketizingOptions } from './track-depacketizer.ts';
import { TrackReceiver, type TrackReceiverEvents } from './track-receiver.ts';
import {
  addStatistics,
  noStatistics,
  subtractStatistics,
  type TrackStatistics,
} from './track-statistics.ts';

/**
 * How long the first pictures are held until it is known which layers come, µs: less than the sound
 * of a recording waits for them.
 */
const LEARNING_US = 1_500_000;
/** Held pictures of one layer beyond this end the wait. */
const MAX_HELD_UNITS = 256;

/** One instant on the sender's wall clock and on the RTP clock of a stream (RFC 3550 §6.4.1). */
export interface SenderReport {
  /** The sender's wall clock, µs since the Unix epoch. It may be wrong: check it for plausibility. */
  ntpUs: number;
  /** 32 bits, ticks of the track's clock rate. */
  rtpTimestamp: number;
  /** When the report arrived: µs since the Unix epoch on our steady clock. */
  arrivalUs: number;
}

/** The layer that is taken of a track that comes in several. */
export interface LayerStatistics {
  /** Restriction identifier (RFC 8851), where it has one. */
  rid?: string;
  ssrc: number;
  /** Of its latest keyframe; undefined before that. */
  size?: PictureSize;
  /** How many layers came so far. */
  of: number;
  /** Times that another layer followed. */
  switches: number;
}

/** What a {@link LayeredTrack} brings forth. All are called from within its methods. */
export interface LayeredTrackEvents
  extends Pick<TrackReceiverEvents, 'onAccessUnit' | 'sendNack' | 'sendKeyframeRequest'> {
  /** Of the layer that is taken. */
  onSenderReport(report: SenderReport): void;
  /** What follows has another RTP timeline: another SSRC took over, or another layer is taken. */
  onRestart(): void;
}

/** Options of a {@link LayeredTrack}. */
export interface LayeredTrackOptions extends DepacketizingOptions {
  pictureSize: PictureSizeReader;
}

interface Layer {
  receiver: TrackReceiver;
  arrivals: LayerArrivals;
  rid: string | undefined;
  size: PictureSize | undefined;
  report: SenderReport | undefined;
  readonly orientation: StatedOrientation;
  /** From the latest keyframe on, while no layer is taken yet. */
  held: AccessUnit[];
  readonly pixels: number;
  readonly lastUs: number;
  readonly steadySinceUs: number;
}

/**
 * One track of a publisher, which may come in several encodings at a time (simulcast, RFC 8853): a
 * {@link TrackReceiver} for each, of which one at a time is heard. At first all are listened to for
 * a moment, so that what is recorded does not begin with a smaller one than comes; from one layer to
 * another it goes at keyframes. Of a layer that is not taken only the size of its pictures is wanted,
 * and nothing of it is asked for again.
 */
export class LayeredTrack {
  readonly section: MediaSection;
  readonly #events: LayeredTrackEvents;
  readonly #options: LayeredTrackOptions;
  readonly #layers: Layer[] = [];
  #choice: LayerChoice<Layer> | undefined;
  /** To be taken with its next keyframe. */
  #target: Layer | undefined;
  #learningUntilUs: number | undefined;
  #switches = 0;
  #nowUs = 0;
  /** Counted of layers that were taken before the present one. */
  #counted = noStatistics();
  /** What the present one had counted before it was taken. */
  #uncounted = noStatistics();

  constructor(section: MediaSection, events: LayeredTrackEvents, options: LayeredTrackOptions) {
    this.section = section;
    this.#events = events;
    this.#options = options;
  }

  /**
   * Takes a packet of a layer itself.
   * @param number of the layer, as they came
   * @param rid its restriction identifier, if it has one
   * @param takesOver its SSRC is another one than before
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

  /** Whether a layer is fed from this SSRC. */
  has(ssrc: number): boolean {
    for (const { receiver } of this.#layers) if (receiver.ssrc === ssrc) return true;
    return false;
  }

  /** Whether it is the SSRC of the layer that is taken. */
  isTaken(ssrc: number): boolean {
    return this.#choice?.kept.receiver.ssrc === ssrc;
  }

  /**
   * Takes a sender report of one of the layers.
   * @param ntpMiddle32 middle 32 bits of its NTP time
   * @param report undefined where it has no wall clock
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
   * Does what is due at `nowUs`, µs on the steady clock. To be called every 20 ms.
   * @param isOut see {@link TrackReceiver.tick}
   */
  tick(nowUs: number, isOut = false): void {
    this.#nowUs = nowUs;
    for (const { receiver } of this.#layers) receiver.tick(nowUs, isOut);
    if (this.#choice === undefined) this.#learn();
    else if (this.#layers.length > 1) this.#look(this.#choice);
  }

  /** The stream has ended: what waits for packets that will not come any more is delivered. */
  flush(): void {
    for (const { receiver } of this.#layers) receiver.flush();
    if (this.#choice === undefined) this.#takeFirst();
  }

  /** Asks for a keyframe of what is taken, or is about to be. @param nowUs on the steady clock */
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

  /** What was counted so far of the layers while they were taken. */
  statistics(): TrackStatistics {
    const kept = this.#choice?.kept.receiver.statistics() ?? noStatistics();
    return addStatistics(this.#counted, subtractStatistics(kept, this.#uncounted));
  }

  /** Which layer is taken; undefined where there is but one. */
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
    const arrivals = new LayerArrivals();
    const layer: Layer = {
      receiver,
      arrivals,
      rid: undefined,
      size: undefined,
      report: undefined,
      orientation: new StatedOrientation(),
      held: [],
      get pixels() {
        return this.size === undefined ? 0 : this.size.width * this.size.height;
      },
      get lastUs() {
        return arrivals.lastUs;
      },
      get steadySinceUs() {
        return arrivals.steadySinceUs;
      },
    };
    this.#layers.push(layer);
    return layer;
  }

  /** At the first packet: whoever names the encoding (RFC 8852) sends several, announced or not. */
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

  /** Whether all layers that were announced have come, or it takes too long. */
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
    // What can still be delivered of the one before is part of it.
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
