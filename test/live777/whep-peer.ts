import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { parse } from 'sdp-transform';
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  useNACK,
  useOPUS,
  usePLI,
  useREMB,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
} from 'werift';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE } from '../publisher/clip.ts';
import { readFeedback } from '../publisher/feedback.ts';
import { LOOPBACK_ICE, onlyLoopback } from '../publisher/loopback.ts';
import { OutgoingTrack } from '../publisher/outgoing-track.ts';
import { senderReport } from '../publisher/sender-report.ts';
import type { FeedReceiver } from './clip-feed.ts';

const TRANSPORT_CC_URI =
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** How a peer answers. */
export interface WhepPeerOptions {
  /** ICE-lite, as Live777 is; true by default. */
  iceLite?: boolean;
  /** Our part in DTLS; `client` (`a=setup:active`) by default, as Live777's. */
  dtlsRole?: 'client' | 'server';
  /** What sound is sent as, where the offer has it; Opus by default. Its bytes are those of Opus. */
  audioCodecs?: readonly ('opus' | 'PCMA' | 'PCMU')[];
  /** What is sent; the other sections of the offer are refused. */
  kinds: readonly TrackKind[];
}

/** The server side of a WHEP session: answers an offer and sends what a feed brings. */
export class WhepPeer implements FeedReceiver {
  /** SDP answer, complete with all candidates, of loopback only. */
  answer = '';
  pictureLossIndications = 0;
  sentPackets = 0;
  /** Called for each picture loss indication. */
  onKeyframeRequest: () => void = () => {};
  /** Called when the state of the connection changes. */
  onState: (state: RTCPeerConnection['connectionState']) => void = () => {};
  /** Answers true for each packet that is to be lost on its way. */
  drop: () => boolean = () => false;
  readonly #connection: RTCPeerConnection;
  readonly #tracks = new Map<TrackKind, OutgoingTrack>();
  #transportSequence = 0;

  /** Answers an offer. @throws Error when the offer has nothing that we send */
  static async answer(offer: string, options: WhepPeerOptions): Promise<WhepPeer> {
    const peer = new WhepPeer(options);
    try {
      await peer.#answer(offer, options);
      return peer;
    } catch (error) {
      await peer.close();
      throw error;
    }
  }

  private constructor(options: WhepPeerOptions) {
    this.#connection = newPeerConnection(options.iceLite ?? true, options.audioCodecs ?? ['opus']);
    this.#connection.connectionStateChange.subscribe((state) => this.onState(state));
  }

  get state(): RTCPeerConnection['connectionState'] {
    return this.#connection.connectionState;
  }

  /** Connectivity checks that arrived so far. */
  get checksReceived(): number {
    const pairs = this.#transport.iceTransport.connection.candidatePairs;
    return pairs.reduce((sum, pair) => sum + pair.requestsReceived, 0);
  }

  /** Where the other side is, as `a=candidate` has it. */
  get remoteCandidate(): string {
    return this.#transport.iceTransport.connection.nominated!.remoteCandidate.toSdp();
  }

  packet(kind: TrackKind, payload: Buffer, mediaSeconds: number, marker: boolean): void {
    const track = this.#tracks.get(kind);
    if (track === undefined || this.state !== 'connected') return;
    this.sentPackets++;
    const { datagram } = track.next(payload, track.timestampAt(mediaSeconds), marker);
    if (!this.drop()) this.#send(datagram);
  }

  report(kind: TrackKind, wallClockUs: number, mediaSeconds: number): void {
    const track = this.#tracks.get(kind);
    if (track === undefined || this.state !== 'connected') return;
    const { ssrc } = track.options;
    const rtpTimestamp = track.timestampAt(mediaSeconds);
    const { packets, octets } = track;
    const report = senderReport({ ssrc, wallClockUs, rtpTimestamp, packets, octets }, 'stand-in');
    this.#send(this.#transport.srtcp.encrypt(report));
  }

  /** Leaves as a server should: the other side is told. */
  async close(): Promise<void> {
    // Else a handshake that has not ended, or not even begun, is repeated for another 30 s.
    for (const transport of this.#connection.dtlsTransports) {
      transport.start = async () => {};
      if (transport.dtls === undefined) continue;
      Object.assign(transport.dtls, { connect: async () => {} });
      Object.defineProperty(transport.dtls.dtls, 'flight', {
        get: () => Number.MAX_SAFE_INTEGER,
        set: () => {},
      });
    }
    await this.#connection.close();
  }

  /** Sends a close_notify (RFC 5246 §7.2.1), as servers do that end a session in order. */
  async notifyClose(): Promise<void> {
    const alert = Buffer.from('15fefd00010000000000ff00020100', 'hex');
    const { protocol, remoteAddr } = this.#transport.iceTransport.connection.nominated!;
    const { socket } = (protocol as unknown as { transport: { socket: Socket } }).transport;
    const [address, port] = remoteAddr;
    // A socket that is closed before has sent nothing.
    await new Promise((resolve) => socket.send(alert, port, address, resolve));
  }

  /** Is gone from one moment to the next, as when the process is killed. */
  async vanish(): Promise<void> {
    const { protocols } = this.#transport.iceTransport.connection as unknown as {
      protocols: { transport: { send: () => Promise<void> } }[];
    };
    for (const { transport } of protocols) transport.send = async () => {};
    await this.close();
  }

  get #transport() {
    return this.#connection.dtlsTransports[0]!;
  }

  async #answer(offer: string, { dtlsRole = 'client', kinds }: WhepPeerOptions): Promise<void> {
    const connection = this.#connection;
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    for (const transceiver of connection.getTransceivers()) {
      const sends = kinds.includes(transceiver.kind as TrackKind);
      transceiver.setDirection(sends ? 'sendonly' : 'inactive');
      // Its own sender reports carry a wrong NTP fraction.
      transceiver.sender.rtcpRunning = true;
    }
    for (const ice of connection.iceTransports) ice.connection.stunServer = undefined as never;
    for (const dtls of connection.dtlsTransports) dtls.role = dtlsRole;
    await connection.setLocalDescription(await connection.createAnswer());
    this.answer = onlyLoopback(connection.localDescription!.sdp);
    const senders = new Map(connection.getTransceivers().map((one) => [one.kind, one.sender]));
    for (const section of parse(this.answer).media) {
      const kind = section.type as TrackKind;
      const codec = section.rtp.find(({ codec }) => /^(h264|opus|pcm[au])$/i.test(codec));
      const sender = senders.get(kind);
      if (!codec || !sender || !kinds.includes(kind)) continue;
      const rtx = section.fmtp.find(({ config }) => config === `apt=${codec.payload}`);
      const extension = (uri: string) => section.ext?.find((one) => one.uri === uri)?.value;
      const [mid, transportCcId] = [extension(MID_URI), extension(TRANSPORT_CC_URI)];
      const options = {
        kind,
        ssrc: sender.ssrc,
        payloadType: codec.payload,
        clockRate: codec.rate!,
        sequenceStart: randomInt(0x10000),
        timestampStart: randomInt(2 ** 32),
        ...(rtx && { retransmission: { ssrc: sender.rtxSsrc, payloadType: rtx.payload } }),
        ...(mid !== undefined && { mid: { id: mid, value: String(section.mid) } }),
        ...(transportCcId !== undefined && { transportCcId }),
      };
      const next = () => this.#transportSequence++ & 0xffff;
      this.#tracks.set(kind, new OutgoingTrack(this.#transport, options, next));
    }
    this.#transport.iceTransport.connection.onData.subscribe((data) => this.#onDatagram(data));
  }

  #send(datagram: Buffer): void {
    // Rejects only when the connection is closed, and then there is nobody to tell.
    this.#transport.iceTransport.connection.send(datagram).catch(() => {});
  }

  #onDatagram(datagram: Buffer): void {
    // RTCP on the multiplexed port (RFC 7983 §7, RFC 5761 §4).
    if (datagram.length < 2 || datagram[0]! >> 6 !== 2) return;
    if (datagram[1]! < 192 || datagram[1]! > 223) return;
    for (const item of readFeedback(this.#transport.srtcp.decrypt(datagram))) {
      if (item.type === 'pli') {
        this.pictureLossIndications++;
        this.onKeyframeRequest();
      } else if (item.type === 'nack') {
        const tracks = [...this.#tracks.values()];
        const track = tracks.find(({ options }) => options.ssrc === item.mediaSsrc);
        for (const sequenceNumber of item.sequenceNumbers) {
          const again = track?.again(sequenceNumber);
          if (again) this.#send(again);
        }
      }
    }
  }
}

function newPeerConnection(iceLite: boolean, audioCodecs: readonly string[]): RTCPeerConnection {
  const feedback = [useNACK(), usePLI(), useREMB(), useTWCC()];
  const extensions = [useSdesMid(), useTransportWideCC()];
  const h264 = new RTCRtpCodecParameters({
    mimeType: 'video/H264',
    clockRate: VIDEO_CLOCK_RATE,
    rtcpFeedback: feedback,
    parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  });
  const rtx = new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: VIDEO_CLOCK_RATE });
  const audio = audioCodecs.map((codec) =>
    codec === 'opus'
      ? useOPUS({ clockRate: AUDIO_CLOCK_RATE })
      : new RTCRtpCodecParameters({ mimeType: `audio/${codec}`, clockRate: 8000, channels: 1 }),
  );
  return new RTCPeerConnection({
    codecs: { video: [h264, rtx], audio },
    headerExtensions: { video: extensions, audio: extensions },
    iceLite,
    ...LOOPBACK_ICE,
    bundlePolicy: 'max-bundle',
  });
}
