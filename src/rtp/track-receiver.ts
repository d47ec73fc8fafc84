import type { AccessUnit } from '../media/access-unit.ts';
import type { PayloadFormat } from '../media/payload-format.ts';
import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';
import { KeyframeRequester } from './keyframe-requester.ts';
import type { MediaSection } from './media-section.ts';
import { NackGenerator, RETRANSMISSION_WAIT_US } from './nack-generator.ts';
import { ReceiveStatistics } from './receive-statistics.ts';
import { ReorderBuffer } from './reorder-buffer.ts';
import { Reordering } from './reordering.ts';
import { restoreRetransmission } from './retransmission.ts';
import type { ReportBlock } from './rtcp-report-block.ts';
import { SequenceExtender, sequenceDistance } from './sequence-numbers.ts';
import { SequenceProbation } from './sequence-probation.ts';
import { type DepacketizingOptions, TrackDepacketizer } from './track-depacketizer.ts';
import type { TrackStatistics } from './track-statistics.ts';

/** A sequence number this far from the highest belongs to another run (RFC 3550 §A.1). */
const MAX_DISTANCE = 3000;

/**
 * How many packets a missing one may hold back: more than a second of them, which is how long it is awaited. Sound
 * has 400 a second at most, in frames of 2.5 ms.
 */
const REORDER_CAPACITY = { video: 2048, audio: 512 };

/** After a longer interval between ticks, packets wait in the socket of a blocked thread, µs. */
const MAX_TICK_US = 50_000;

/** Events of a {@link TrackReceiver}, called from within its methods. */
export interface TrackReceiverEvents {
  /** An access unit is complete; called in decoding order. */
  onAccessUnit(unit: AccessUnit): void;
  /** Requests packets from the sender (generic NACK, RFC 4585 §6.2.1). */
  sendNack(ssrc: number, sequenceNumbers: number[]): void;
  /** Requests a keyframe from the sender (PLI, RFC 4585 §6.3.1, or FIR, RFC 5104 §4.3.1). */
  sendKeyframeRequest(ssrc: number): void;
}

/**
 * Converts the decrypted RTP packets of a track to access units: order, retransmission, feedback,
 * statistics and payload format.
 */
export class TrackReceiver {
  readonly #events: TrackReceiverEvents;
  readonly #isVideo: boolean;
  /** The section's payload types by number. */
  readonly #formats: (PayloadFormat | undefined)[] = new Array(128).fill(undefined);
  readonly #depacketizer: TrackDepacketizer;
  readonly #reordering = new Reordering();
  readonly #reorder: ReorderBuffer;
  readonly #nack: NackGenerator | undefined;
  readonly #keyframes: KeyframeRequester | undefined;

  #ssrc: number | undefined;
  #started = false;
  #standby = false;
  #sequence = new SequenceExtender();
  #reception: ReceiveStatistics | undefined;
  readonly #probation = new SequenceProbation();
  /** Time of the last packet or tick, µs on the steady clock. */
  #nowUs = 0;
  /** NaN before the first: in a field that is `undefined` at times, each number takes an object of its own. */
  #lastTickUs = Number.NaN;
  /** Time in which packets could arrive, µs: the steady clock without blocked time and outages. */
  #awakeUs = 0;

  #packetsReceived = 0;
  #packetsRecovered = 0;
  #packetsReordered = 0;
  #duplicates = 0;
  #probes = 0;
  #malformed = 0;
  #accessUnits = 0;
  #keyframeUnits = 0;
  #bytes = 0;
  #nacksSent = 0;
  #plisSent = 0;

  /**
   * @param section as negotiated; packets and keyframes are only requested if its `feedback`
   *   permits it (keyframes: PLI or FIR)
   */
  constructor(section: MediaSection, events: TrackReceiverEvents, options: DepacketizingOptions) {
    this.#depacketizer = new TrackDepacketizer(this.#formats, (unit) => this.#emit(unit), options);
    this.#events = events;
    this.#isVideo = section.kind === 'video';
    for (const format of section.formats) this.#formats[format.payloadType] = format;
    if (section.feedback.nack) {
      this.#nack = new NackGenerator((sequenceNumbers) => {
        this.#nacksSent++;
        this.#events.sendNack(this.#ssrc!, sequenceNumbers);
      }, this.#reordering);
    }
    const capacity = REORDER_CAPACITY[section.kind];
    this.#reorder = new ReorderBuffer({ maxWaitUs: this.#waitUs(), capacity });
    if (this.#isVideo && (section.feedback.pli || section.feedback.fir)) {
      this.#keyframes = new KeyframeRequester(() => {
        this.#plisSent++;
        this.#events.sendKeyframeRequest(this.#ssrc!);
      });
    }
  }

  /** SSRC of the received stream; undefined before its first packet. */
  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** In standby, neither packets nor keyframes are requested. Leaving it requests a keyframe. */
  setStandby(standby: boolean, nowUs: number): void {
    if (standby === this.#standby) return;
    this.#standby = standby;
    this.#nowUs = nowUs;
    this.#nack?.reset();
    this.#keyframes?.reset();
    if (!standby) this.requestKeyframe(nowUs);
  }

  /** Takes a packet of the stream. One with another SSRC is dropped: see {@link restart}. */
  receive(packet: RtpPacket): void {
    this.#nowUs = packet.arrivalUs;
    if (this.#ssrc === undefined) this.restart(packet.ssrc);
    if (packet.ssrc !== this.#ssrc) {
      this.#malformed++;
      return;
    }
    if (!this.#started) {
      this.#started = true;
      this.#wantKeyframe();
    }
    const extended = this.#sequence.extend(packet.sequenceNumber);
    if (this.#isNear(extended)) {
      if (extended > (this.#sequence.highest ?? 0)) this.#probation.drop();
      this.#takeOriginal(extended, packet);
    } else {
      this.#takeFar(packet);
    }
    this.#keyframes?.poll(this.#nowUs);
  }

  /** Takes a packet of the retransmission stream (RFC 4588). */
  receiveRetransmission(packet: RtpPacket): void {
    this.#nowUs = packet.arrivalUs;
    if (this.#ssrc === undefined) return;
    const original = restoreRetransmission(packet, this.#ssrc, this.#formats);
    if (original === 'probe') {
      this.#probes++;
      return;
    }
    if (original === 'malformed') {
      this.#malformed++;
      return;
    }
    const extended = this.#sequence.extend(original.sequenceNumber);
    if (this.#sequence.highest === undefined || !this.#isNear(extended)) {
      this.#duplicates++;
      return;
    }
    this.#take(extended, original, true);
    this.#keyframes?.poll(this.#nowUs);
  }

  /**
   * Takes a sender report of the stream, for the receiver reports.
   *
   * @param ntpMiddle32 middle 32 bits of its NTP time
   * @param arrivalUs µs on the steady clock
   */
  onSenderReport(ntpMiddle32: number, arrivalUs: number): void {
    this.#reception?.onSenderReport(ntpMiddle32, arrivalUs);
  }

  /**
   * Does what is due at `nowUs`, µs on the steady clock: repeats requests for packets and
   * keyframes, gives up packets that did not arrive. Call it every 20 ms.
   *
   * @param isOut nothing can arrive at present, see {@link isNetworkOut}: missing packets stay
   * missing
   */
  tick(nowUs: number, isOut = false): void {
    const elapsedUs = Number.isNaN(this.#lastTickUs) ? 0 : nowUs - this.#lastTickUs;
    this.#lastTickUs = nowUs;
    this.#nowUs = nowUs;
    if (isOut && this.#nack?.isAnswered) this.#nack.suspend();
    else this.#giveUpLate(nowUs, elapsedUs);
    this.#keyframes?.poll(nowUs);
  }

  /**
   * Requests a keyframe from the sender at `nowUs` (µs on the steady clock), or as soon as the last
   * request is old enough. Before the first packet the sender is unknown, and the first packet
   * triggers a request anyway.
   */
  requestKeyframe(nowUs: number): void {
    if (!this.#started || this.#standby) return;
    this.#keyframes?.request(nowUs);
    this.#keyframes?.poll(nowUs);
  }

  /**
   * A new SSRC took over the section. What can still be delivered of the old one is delivered
   * before this returns; afterwards nothing of it is left, and the next unit is a discontinuity.
   */
  restart(ssrc: number): void {
    const isFirst = this.#ssrc === undefined;
    this.flush();
    this.#reorder.reset();
    this.#nack?.reset();
    this.#keyframes?.reset();
    this.#depacketizer.reset(!isFirst);
    this.#probation.drop();
    this.#sequence = new SequenceExtender();
    this.#reception = new ReceiveStatistics(ssrc);
    this.#ssrc = ssrc;
    this.#started = false;
  }

  /** The stream has ended: delivers what waits for lost packets, except incomplete pictures. */
  flush(): void {
    this.#reorder.flush();
    this.#depacketizeAll();
  }

  /**
   * The report block for a receiver report at `nowUs` (µs on the steady clock); the fraction lost
   * covers the time since the previous call. Undefined before the first packet of the stream.
   */
  reportBlock(nowUs: number): ReportBlock | undefined {
    return this.#reception?.reportBlock(nowUs);
  }

  /** Counters so far. */
  statistics(): TrackStatistics {
    return {
      packetsReceived: this.#packetsReceived,
      packetsLost: this.#reorder.lost - this.#depacketizer.restored,
      packetsRestored: this.#depacketizer.restored,
      packetsRecovered: this.#packetsRecovered,
      packetsReordered: this.#packetsReordered,
      duplicates: this.#duplicates,
      probes: this.#probes,
      malformed: this.#malformed + this.#probation.strays + this.#depacketizer.malformed,
      accessUnits: this.#accessUnits,
      accessUnitsBroken: this.#depacketizer.broken,
      keyframes: this.#keyframeUnits,
      bytes: this.#bytes,
      nacksSent: this.#nacksSent,
      plisSent: this.#plisSent,
    };
  }

  #wantKeyframe(): void {
    if (!this.#standby) this.#keyframes?.request(this.#nowUs);
  }

  #isNear(extended: number): boolean {
    const highest = this.#sequence.highest;
    return highest === undefined || Math.abs(extended - highest) <= MAX_DISTANCE;
  }

  /** A packet far from the others begins a new run once a second one near it has arrived. */
  #takeFar(packet: RtpPacket): void {
    keepPayload(packet);
    const run = this.#probation.take(packet);
    if (run === 'duplicate') this.#duplicates++;
    if (typeof run === 'string') return;
    const [first, second] = run;
    this.#nack?.reset();
    this.#reception?.restartSequence();
    const extended = this.#sequence.jump(first.sequenceNumber);
    this.#reorder.skipTo(extended);
    this.#depacketizeAll();
    this.#takeOriginal(extended, first);
    const distance = sequenceDistance(first.sequenceNumber, second.sequenceNumber);
    this.#takeOriginal(extended + distance, second);
  }

  #takeOriginal(extended: number, packet: RtpPacket): void {
    const clockRate = this.#formats[packet.payloadType]?.clockRate ?? 0;
    this.#reception?.receive(extended, packet.timestamp, packet.arrivalUs, clockRate);
    this.#take(extended, packet, false);
  }

  #take(extended: number, packet: RtpPacket, isRetransmission: boolean): void {
    const isLate = extended < (this.#sequence.highest ?? 0);
    this.#sequence.note(extended);
    const missingForUs = isLate ? this.#reorder.missingForUs(extended, this.#awakeUs) : 0;
    const wasAsked =
      isLate && this.#nack !== undefined ? this.#nack.wasAsked(extended, isRetransmission) : false;
    // Also for one that is too late, so that the next one is awaited.
    if (missingForUs > 0 && !wasAsked) this.#reordering.note(missingForUs, this.#nowUs);
    const outcome = this.#reorder.push(extended, packet, this.#awakeUs);
    if (outcome === 'next') {
      this.#depacketize(packet);
    } else if (outcome === 'taken') {
      this.#depacketizeAll();
    } else {
      this.#duplicates++;
      return;
    }
    this.#packetsReceived++;
    this.#bytes += packet.payload.length;
    if (wasAsked) this.#packetsRecovered++;
    else if (isLate) this.#packetsReordered++;
    if (this.#standby) return;
    if (this.#nack !== undefined && !this.#nack.receive(extended, this.#nowUs, wasAsked)) {
      // Too many packets are missing to request them, so there is nothing to wait for.
      this.flush();
    }
  }

  #giveUpLate(nowUs: number, elapsedUs: number): void {
    // After a stall, the packets that fill the gaps still wait in the socket.
    this.#awakeUs += Math.max(0, Math.min(elapsedUs, MAX_TICK_US));
    this.#reorder.maxWaitUs = this.#waitUs();
    this.#reorder.expire(this.#awakeUs);
    this.#depacketizeAll();
    this.#nack?.poll(nowUs);
  }

  #waitUs(): number {
    if (!this.#standby && this.#nack?.isAnswered) return RETRANSMISSION_WAIT_US;
    return this.#reordering.waitUs(this.#nowUs);
  }

  /** Takes the packets that are in order. */
  #depacketizeAll(): void {
    for (let packet = this.#reorder.shift(); packet; packet = this.#reorder.shift()) {
      this.#depacketize(packet);
    }
  }

  #depacketize(packet: RtpPacket): void {
    if (this.#reorder.lostBefore) {
      this.#depacketizer.noteLoss();
      this.#nack?.forgetBefore(this.#reorder.next);
    }
    // At once: the loss may be known long before the next unit is complete.
    if (this.#depacketizer.push(packet)) this.#wantKeyframe();
  }

  #emit(unit: AccessUnit): void {
    this.#accessUnits++;
    if (this.#isVideo) {
      if (unit.keyframe) {
        this.#keyframeUnits++;
        if (this.#depacketizer.configured) this.#keyframes?.keyframeReceived();
      } else if (unit.discontinuity || unit.isReduced) {
        this.#wantKeyframe();
      }
    }
    this.#events.onAccessUnit(unit);
  }
}
