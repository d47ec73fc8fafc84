import { randomBytes, randomInt } from 'node:crypto';
import type { AccessUnit, TrackKind } from '../media/access-unit.ts';
import type { PictureSizeReader } from '../media/picture-size.ts';
import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';
import { Slab } from '../media/slab.ts';
import { Demultiplexer } from './demultiplexer.ts';
import { HeaderExtensions } from './header-extensions.ts';
import { LayeredTrack } from './layered-track.ts';
import { endLoan, keepLent, lend } from './lent-payload.ts';
import type { MediaSection } from './media-section.ts';
import { isNetworkOut } from './network-outage.ts';
import { buildRemb, RembAdvertisement } from './remb.ts';
import { isRtcp, parseRtcpCompound, type RtcpSenderReport } from './rtcp-compound.ts';
import {
  buildFullIntraRequest,
  buildGenericNacks,
  buildPictureLossIndication,
} from './rtcp-feedback.ts';
import { ntpMiddle32, ntpToUnixUs } from './rtcp-ntp-time.ts';
import { buildReceiverReport, buildSourceDescription } from './rtcp-receiver-report.ts';
import { RtpHeader } from './rtp-header.ts';
import type { RtpReceiverStatistics } from './rtp-receiver-statistics.ts';
import type { SenderReport } from './sender-report.ts';
import { SrtcpReceiver } from './srtcp-receiver.ts';
import type { SrtpKeys } from './srtp-keys.ts';
import { SrtpReceiver } from './srtp-receiver.ts';
import { SsrcTable } from './ssrc-table.ts';
import type { DepacketizingOptions } from './track-depacketizer.ts';
import { TransportCcFeedback } from './transport-cc-feedback.ts';
import { videoOrientation } from './video-orientation.ts';

const REPORT_INTERVAL_US = 1_000_000;
/** Maximum number of sender reports that wait for the first packet of their stream. */
const MAXIMUM_EARLY_REPORTS = 16;

/**
 * Memory for payloads. All sessions of the thread share it, so that a block is soon full and soon garbage.
 * Sound may wait for its picture and must not keep blocks of pictures meanwhile.
 */
const payloads: Readonly<Record<TrackKind, Slab>> = { video: new Slab(), audio: new Slab() };

/** Receives the output of an {@link RtpReceiver}; called from within `receive` and `tick`. */
export interface RtpSink {
  onAccessUnit(section: MediaSection, unit: AccessUnit): void;
  /** Only called for reports of the stream in use that have a wall clock. */
  onSenderReport(section: MediaSection, report: SenderReport): void;
  /**
   * Another SSRC took over, or another simulcast layer is in use: earlier RTP timestamps and sender
   * reports are no longer valid. All earlier access units have been delivered.
   */
  onTrackRestart(section: MediaSection): void;
  /** The sender stops sending the track (RTCP BYE, RFC 3550 §6.6). */
  onGoodbye(section: MediaSection): void;
}

/** Options of a {@link RtpReceiver}. */
export interface RtpReceiverOptions extends DepacketizingOptions {
  /** The remote keys, as exported by the DTLS handshake. */
  keys: SrtpKeys;
  /** All media sections negotiated for receiving. */
  sections: MediaSection[];
  /** Sends an unencrypted RTCP packet; the transport adds SRTCP and owns the socket. */
  sendRtcp(packet: Buffer): void;
  sink: RtpSink;
  /** Our SSRC in RTCP; random by default. */
  ssrc?: number;
  /** Maximum that REMB advertises, bit/s; only used without transport-cc. */
  rembCapBps?: number;
  /**
   * Reads the picture size, to compare simulcast layers; without it, the first layer that arrives
   * is used.
   */
  pictureSize?: PictureSizeReader;
}

/**
 * The RTP path of a peer connection, from datagram to access unit: SRTP, demultiplexing, one
 * {@link LayeredTrack} per media section, and all feedback to the sender. Invalid packets are
 * counted and dropped; no input makes it throw.
 */
export class RtpReceiver {
  readonly #sink: RtpSink;
  readonly #sendRtcp: (packet: Buffer) => void;
  readonly #ssrc: number;
  readonly #canonicalName = randomBytes(12).toString('base64');
  readonly #srtp: SrtpReceiver;
  readonly #srtcp: SrtcpReceiver;
  readonly #header = new RtpHeader();
  readonly #extensions = new HeaderExtensions();
  readonly #demultiplexer: Demultiplexer;
  /** Memory for the payloads of each track. */
  readonly #slabs: readonly Slab[];
  readonly #tracks: LayeredTrack[];
  /** Number of full intra requests sent, for all tracks (RFC 5104 §4.3.1.1). */
  #intraRequests = 0;
  readonly #feedbackHead: Buffer;
  readonly #transportCcId: number | undefined;
  readonly #orientationId: number | undefined;
  readonly #transportCc: TransportCcFeedback;
  readonly #remb: RembAdvertisement | undefined;
  readonly #earlyReports = new SsrcTable<{ report: RtcpSenderReport; arrivalUs: number }>(
    MAXIMUM_EARLY_REPORTS,
  );
  #lastAuthenticatedUs = 0;
  #lastRtpUs = 0;
  #nowUs = 0;
  #reportDueUs = 0;
  #malformed = 0;
  #unroutable = 0;
  readonly #unroutableByPayloadType = new Uint32Array(128);

  /** @throws RangeError if a key has the wrong length for its profile */
  constructor(options: RtpReceiverOptions) {
    const { keys, sections, sink } = options;
    this.#sink = sink;
    this.#sendRtcp = (packet) => options.sendRtcp(packet);
    this.#ssrc = options.ssrc ?? randomInt(1, 0x100000000);
    this.#srtp = new SrtpReceiver(keys);
    this.#srtcp = new SrtcpReceiver(keys);
    this.#demultiplexer = new Demultiplexer(sections);
    this.#tracks = sections.map((section) => this.#createTrack(section, options));
    this.#slabs = sections.map(({ kind }) => payloads[kind]);
    this.#feedbackHead = buildReceiverReport(this.#ssrc, []);
    this.#transportCc = new TransportCcFeedback(this.#ssrc, (packet) => this.#sendFeedback(packet));
    // In a BUNDLE group, an identifier means the same extension in all sections (RFC 9143 §9.1).
    this.#transportCcId = sections.find(
      ({ feedback, extensions }) => feedback.transportCc && extensions.transportCc !== undefined,
    )?.extensions.transportCc;
    this.#orientationId = sections.find(
      ({ extensions }) => extensions.videoOrientation !== undefined,
    )?.extensions.videoOrientation;
    if (this.#transportCcId === undefined && sections.some(({ feedback }) => feedback.remb)) {
      this.#remb = new RembAdvertisement(options.rembCapBps);
    }
  }

  /**
   * Arrival of the last authentic RTP or RTCP packet, µs on the steady clock; 0 if there was none.
   */
  get lastAuthenticatedUs(): number {
    return this.#lastAuthenticatedUs;
  }

  /** The same for RTP alone. */
  get lastRtpUs(): number {
    return this.#lastRtpUs;
  }

  /**
   * Takes a datagram whose first byte is 128–191 (RFC 7983) and distinguishes RTP from RTCP (RFC
   * 5761 §4).
   *
   * @param datagram neither kept nor changed
   * @param arrivalUs µs since the Unix epoch on the steady clock
   */
  receive(datagram: Buffer, arrivalUs: number): void {
    this.#nowUs = arrivalUs;
    if (datagram.length < 2) {
      this.#malformed++;
      return;
    }
    if (isRtcp(datagram)) this.#receiveRtcp(datagram, arrivalUs);
    else this.#receiveRtp(datagram, arrivalUs);
  }

  /**
   * Does what is due: gives up missing packets, repeats requests for packets and keyframes, sends
   * transport-wide feedback and, every second, receiver reports. Call it every 20 ms.
   *
   * @param nowUs µs since the Unix epoch on the steady clock
   */
  tick(nowUs: number): void {
    this.#nowUs = nowUs;
    const isOut = isNetworkOut(nowUs, this.#lastAuthenticatedUs);
    for (const track of this.#tracks) track.tick(nowUs, isOut);
    this.#transportCc.tick(nowUs);
    if (nowUs >= this.#reportDueUs) this.#sendReport(nowUs);
  }

  /** The session has ended: delivers access units that wait for missing packets. */
  flush(): void {
    for (const track of this.#tracks) track.flush();
  }

  /** Gives memory to other sessions; call it at the end. */
  close(): void {
    this.#srtp.close();
  }

  /** Requests a keyframe of every video section, as soon as the last request is old enough. */
  requestKeyframe(): void {
    for (const track of this.#tracks) {
      if (track.section.kind === 'video') track.requestKeyframe(this.#nowUs);
    }
  }

  /** Number of authentic packets with a payload type, 0–127, that belong to no track. */
  unroutableOf(payloadType: number): number {
    return this.#unroutableByPayloadType[payloadType] ?? 0;
  }

  /** Counters so far. */
  statistics(): RtpReceiverStatistics {
    return {
      authenticationFailures:
        this.#srtp.authenticationFailures + this.#srtcp.authenticationFailures,
      replayed: this.#srtp.replayed + this.#srtcp.replayed,
      malformed: this.#malformed + this.#srtcp.malformed,
      unroutable: this.#unroutable,
      tracks: new Map(
        this.#tracks.map((track) => {
          const layer = track.layer();
          return [track.section.mid, { ...track.statistics(), ...(layer && { layer }) }];
        }),
      ),
    };
  }

  #createTrack(
    section: MediaSection,
    {
      createDepacketizer,
      keepIncomplete = false,
      pictureSize = () => undefined,
    }: RtpReceiverOptions,
  ): LayeredTrack {
    return new LayeredTrack(
      section,
      {
        onAccessUnit: (unit) => this.#sink.onAccessUnit(section, unit),
        onSenderReport: (report) => this.#sink.onSenderReport(section, report),
        onRestart: () => this.#sink.onTrackRestart(section),
        sendNack: (ssrc, sequenceNumbers) => {
          for (const packet of buildGenericNacks(this.#ssrc, ssrc, sequenceNumbers)) {
            this.#sendFeedback(packet);
          }
        },
        sendKeyframeRequest: (ssrc) => this.#sendKeyframeRequest(section, ssrc),
      },
      { createDepacketizer, keepIncomplete, pictureSize },
    );
  }

  #receiveRtp(datagram: Buffer, arrivalUs: number): void {
    const header = this.#header;
    if (!header.parse(datagram, datagram.length - this.#srtp.overhead)) {
      this.#malformed++;
      return;
    }
    keepLent();
    const padded = this.#srtp.open(datagram, header);
    if (padded === undefined) return;
    this.#lastAuthenticatedUs = arrivalUs;
    this.#lastRtpUs = arrivalUs;
    this.#remb?.onBytes(datagram.length);

    const extensions = this.#extensions;
    const length = header.payloadLength(padded);
    if (length < 0 || !extensions.parse(datagram, header)) {
      this.#malformed++;
      return;
    }
    const position = extensions.find(this.#transportCcId);
    if (position >= 0 && extensions.length(position) >= 2) {
      const sequenceNumber = datagram.readUInt16BE(extensions.start(position));
      this.#transportCc.onPacket(sequenceNumber, header.ssrc, arrivalUs);
    }
    const route = this.#demultiplexer.route(datagram, header, extensions, arrivalUs);
    if (route === undefined) {
      this.#unroutable++;
      this.#unroutableByPayloadType[header.payloadType]!++;
      return;
    }

    const packet: RtpPacket = {
      ssrc: header.ssrc,
      payloadType: header.payloadType,
      sequenceNumber: header.sequenceNumber,
      timestamp: header.timestamp,
      marker: header.marker,
      arrivalUs,
      payload: padded.length === length ? padded : padded.subarray(0, length),
      lentFrom: this.#slabs[route.index]!,
    };
    lend(packet);
    if (header.marker && this.#orientationId !== undefined) {
      const orientation = extensions.find(this.#orientationId);
      if (orientation >= 0 && extensions.length(orientation) > 0) {
        packet.orientation = videoOrientation(datagram[extensions.start(orientation)]!);
      }
    }
    const track = this.#tracks[route.index]!;
    if (route.kind === 'retransmission') {
      keepPayload(packet);
      track.receiveRetransmission(route.layer.number, packet);
      return;
    }
    const takesOver = route.kind === 'takeover';
    const isFirst = takesOver || !track.has(packet.ssrc);
    track.receive(route.layer.number, route.layer.rid, packet, takesOver);
    endLoan();
    if (isFirst) this.#deliverEarlyReport(packet.ssrc);
  }

  #receiveRtcp(datagram: Buffer, arrivalUs: number): void {
    const compound = this.#srtcp.open(datagram);
    if (compound === undefined) return;
    this.#lastAuthenticatedUs = arrivalUs;
    const messages = parseRtcpCompound(compound);
    if (messages === undefined) {
      this.#malformed++;
      return;
    }
    for (const message of messages) {
      if (message.type === 'sender report') this.#onSenderReport(message, arrivalUs);
      else for (const ssrc of message.ssrcs) this.#onGoodbye(ssrc);
    }
  }

  #onSenderReport(report: RtcpSenderReport, arrivalUs: number): void {
    const track = this.#trackOf(report.ssrc);
    if (track === undefined) {
      this.#earlyReports.set(report.ssrc, { report, arrivalUs });
      return;
    }
    const { ssrc, ntpSeconds, ntpFraction, rtpTimestamp } = report;
    const hasClock = ntpSeconds !== 0 || ntpFraction !== 0;
    const ntpUs = ntpToUnixUs(ntpSeconds, ntpFraction);
    track.onSenderReport(
      ssrc,
      ntpMiddle32(ntpSeconds, ntpFraction),
      arrivalUs,
      hasClock ? { ntpUs, rtpTimestamp, arrivalUs } : undefined,
    );
  }

  /** Chromium's audio has a report every five seconds, so the first one must not be lost. */
  #deliverEarlyReport(ssrc: number): void {
    const early = this.#earlyReports.get(ssrc);
    if (early === undefined) return;
    this.#earlyReports.delete(ssrc);
    this.#onSenderReport(early.report, early.arrivalUs);
  }

  #onGoodbye(ssrc: number): void {
    const track = this.#trackOf(ssrc);
    if (track?.isTaken(ssrc)) this.#sink.onGoodbye(track.section);
  }

  #trackOf(ssrc: number): LayeredTrack | undefined {
    return this.#tracks.find((track) => track.has(ssrc));
  }

  #sendKeyframeRequest({ feedback }: MediaSection, ssrc: number): void {
    if (feedback.pli) {
      this.#sendFeedback(buildPictureLossIndication(this.#ssrc, ssrc));
    } else if (feedback.fir) {
      this.#intraRequests++;
      this.#sendFeedback(buildFullIntraRequest(this.#ssrc, ssrc, this.#intraRequests & 0xff));
    }
  }

  #sendReport(nowUs: number): void {
    const blocks = [];
    const rembSsrcs = [];
    for (const track of this.#tracks) {
      for (const block of track.reportBlocks(nowUs)) {
        blocks.push(block);
        if (track.section.feedback.remb) rembSsrcs.push(block.ssrc);
      }
    }
    if (blocks.length === 0) return;
    this.#reportDueUs = nowUs + REPORT_INTERVAL_US;
    const parts = [
      buildReceiverReport(this.#ssrc, blocks),
      buildSourceDescription(this.#ssrc, this.#canonicalName),
    ];
    if (this.#remb !== undefined && rembSsrcs.length > 0) {
      parts.push(buildRemb(this.#ssrc, this.#remb.advertise(nowUs), rembSsrcs));
    }
    this.#sendRtcp(Buffer.concat(parts));
  }

  /** Feedback is sent at once, after an empty receiver report (RFC 4585 §3.1). */
  #sendFeedback(packet: Buffer): void {
    this.#sendRtcp(Buffer.concat([this.#feedbackHead, packet]));
  }
}
