import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'sdp-transform';
import type { Connection, RTCDtlsTransport } from 'werift';
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
import { steadyNowUs } from '../../src/clock/steady-clock.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import {
  AUDIO_CLOCK_RATE,
  AUDIO_PACKET_MS,
  audioPackets,
  type EncodedVideo,
  FRAME_RATE,
  VIDEO_CLOCK_RATE,
  type VideoClip,
  type VideoFrame,
  videoFrames,
} from './clip.ts';
import { type Feedback, readFeedback } from './feedback.ts';
import { ignoreRepeatedHelloVerify } from './hello-verify.ts';
import { keepAlive } from './ice-keepalive.ts';
import { LOOPBACK_ICE, onlyLoopback } from './loopback.ts';
import { OutgoingTrack, type OutgoingTrackOptions } from './outgoing-track.ts';
import { senderReport } from './sender-report.ts';
import { SimulcastLayers, type SimulcastOptions } from './simulcast.ts';

/** SRTP protection profiles by their registered names (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export type SrtpProfile = 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM';

const SRTP_PROFILE_IDS = { AES_CM_128_HMAC_SHA1_80: 0x0001, AEAD_AES_128_GCM: 0x0007 } as const;
const TRANSPORT_CC_URI =
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
/** What the fixtures are. */
const H264 = {
  encodingName: 'H264',
  parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
};
const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const CONNECT_TIMEOUT_MS = 30_000;
const TICK_MS = 5;
const CNAME = 'browserless publisher';
const VIDEO_REPORT_INTERVAL_MS = 1000;
/** Chromium's pace: its first report of a sound track comes late, and then seldom. */
const AUDIO_REPORT_FIRST_MS = 2500;
const AUDIO_REPORT_INTERVAL_MS = 5000;

/** How to publish; by default both tracks of the flash-and-beep clip, without faults. */
export interface WhipPublisherOptions {
  /** Address of the WHIP endpoint, e.g. `http://127.0.0.1:7778/whip/cam1`. */
  whipUrl: string;
  /** Bearer token (RFC 9725 §4.8). */
  token?: string;
  /** Offer only this profile in the DTLS handshake; by default both. */
  srtpProfile?: SrtpProfile;
  /** Send a video track; true by default. */
  video?: boolean;
  /** Send an audio track; true by default. */
  audio?: boolean;
  /** The picture to begin with. */
  videoClip?: VideoClip;
  /** The picture instead of `videoClip`, in a codec of its own. */
  encodedVideo?: EncodedVideo;
  /** Send the picture in several encodings at a time instead of `videoClip` alone. */
  layers?: SimulcastOptions;
  /** First sequence number of the video track, 0–65535; random by default. */
  videoSequenceStart?: number;
  /** The sender's wall clock, as its sender reports tell it, is ahead of the truth by this, ms. */
  clockOffsetMs?: number;
  /** Packets of the track leave later than their capture time by this, ms. */
  videoDelayMs?: number;
  audioDelayMs?: number;
  /** Send sender reports; true by default. */
  senderReports?: boolean;
  /** Offer and send transport-wide sequence numbers; true by default. */
  transportCc?: boolean;
  /** Offer retransmission in its own format (RFC 4588); true by default. Else NACKs get the packet as it was. */
  rtx?: boolean;
  /** Answer NACKs; true by default. */
  answerNacks?: boolean;
  /**
   * Jump to the clip's next keyframe when one is asked for: at once, after which the flashes are not
   * at the time of the beeps, or at the next whole second, which keeps them there. By default
   * requests are only counted.
   */
  keyframeOnRequest?: 'at once' | 'in step';
  /** Ask for generic NACKs of the sound too; false by default, as browsers do. */
  audioNacks?: boolean;
  /**
   * Gives the port of 127.0.0.1 to send to instead of the service's: a relay's that stands for a
   * network.
   */
  relay?: (port: number) => Promise<number>;
  /** Answers true for each packet that is to be lost on its way. */
  drop?: (packet: { kind: TrackKind; sequenceNumber: number; index: number }) => boolean;
}

/** What a publisher has sent so far. */
export interface SentCounts {
  videoFrames: number;
  videoKeyframes: number;
  videoPackets: number;
  audioPackets: number;
  /** Packets that `drop` took; they are counted in the two above. */
  droppedPackets: number;
  retransmittedPackets: number;
  /** Capture time of the first and of the latest video frame: µs since the Unix epoch, true clock. */
  firstFrameAtUs: number;
  lastFrameAtUs: number;
  /** Capture time of the first audio packet: µs since the Unix epoch, true clock. */
  firstAudioAtUs: number;
}

/** What came back from the receiver. */
export interface ReceivedCounts {
  pictureLossIndications: number;
  fullIntraRequests: number;
  /** Sequence numbers in NACKs, repetitions included. */
  nackedPackets: number;
  transportCcPackets: number;
  rembPackets: number;
  reportBlocks: number;
  /** `cumulative number of packets lost` of the latest report block of each track. */
  reportedLost: Partial<Record<TrackKind, number>>;
}

/**
 * A WHIP client (RFC 9725) without a browser: publishes a looped, pre-encoded clip with exact capture
 * times and correct sender reports, over loopback only. ICE, DTLS and SRTP encryption are werift's;
 * the packets, their numbers and their times are made here, so that a test can spoil them at will.
 *
 * Frame k of the clip is captured k / 30 s after {@link start}, and packet i of the sound i × 20 ms
 * after it, so a flash and a beep begin together {@link FLASH_AT_MS} into each second.
 */
export class WhipPublisher {
  readonly sent: SentCounts = {
    videoFrames: 0,
    videoKeyframes: 0,
    videoPackets: 0,
    audioPackets: 0,
    droppedPackets: 0,
    retransmittedPackets: 0,
    firstFrameAtUs: 0,
    lastFrameAtUs: 0,
    firstAudioAtUs: 0,
  };
  readonly received: ReceivedCounts = {
    pictureLossIndications: 0,
    fullIntraRequests: 0,
    nackedPackets: 0,
    transportCcPackets: 0,
    rembPackets: 0,
    reportBlocks: 0,
    reportedLost: {},
  };
  /** The encodings, where there are several. */
  readonly layers: SimulcastLayers | undefined;
  /** The WHIP session's address. */
  readonly resourceUrl: string;
  readonly #options: WhipPublisherOptions;
  readonly #connection: RTCPeerConnection;
  readonly #transport: RTCDtlsTransport;
  readonly #video: OutgoingTrack | undefined;
  readonly #audio: OutgoingTrack | undefined;
  readonly #audioPackets = audioPackets();
  #frames: VideoFrame[];
  /** Frame number (of all time) at which the present clip stands at its first frame. */
  #clipStartsAt = 0;
  #nextClip: VideoFrame[] | undefined;
  #transportSequence = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #keepalive: NodeJS.Timeout;
  /** Zero of the media clock: µs since the Unix epoch, true clock. */
  #startUs = 0;
  #nextFrame = 0;
  #nextAudio = 0;
  #nextVideoReportMs = 0;
  #nextAudioReportMs = AUDIO_REPORT_FIRST_MS;
  #paused = false;
  #awaitKeyframe = false;
  #jumpToKeyframe = false;

  private constructor(
    options: WhipPublisherOptions,
    connection: RTCPeerConnection,
    resourceUrl: string,
    tracks: OutgoingTrackOptions[],
    layers: SimulcastLayers | undefined,
  ) {
    this.layers = layers;
    this.#options = options;
    this.#connection = connection;
    this.#transport = connection.dtlsTransports[0]!;
    this.resourceUrl = resourceUrl;
    this.#frames =
      options.encodedVideo?.frames ?? videoFrames(options.videoClip ?? 'flash-and-beep.h264');
    const next = () => this.#transportSequence++ & 0xffff;
    for (const track of tracks) {
      if (track.kind === 'video' && layers) layers.open(this.#transport, track, next);
      else if (track.kind === 'video')
        this.#video = new OutgoingTrack(this.#transport, track, next);
      else this.#audio = new OutgoingTrack(this.#transport, track, next);
    }
    const ice = this.#transport.iceTransport.connection;
    ice.onData.subscribe((data) => this.#onDatagram(data));
    this.#keepalive = keepAlive(ice as Connection);
  }

  /**
   * Offers, connects and returns when the DTLS handshake is over; nothing is sent before
   * {@link start}.
   * @throws Error when the endpoint refuses, naming status and message, or does not connect in 30 s
   */
  static async connect(options: WhipPublisherOptions): Promise<WhipPublisher> {
    const connection = newPeerConnection(options);
    try {
      const senders = new Map<TrackKind, { ssrc: number; rtxSsrc: number }>();
      for (const kind of ['video', 'audio'] as const) {
        if (options[kind] === false) continue;
        const { sender } = connection.addTransceiver(kind, { direction: 'sendonly' });
        // Its own sender reports carry a wrong NTP fraction.
        sender.rtcpRunning = true;
        senders.set(kind, sender);
      }
      const offer = await connection.createOffer();
      for (const ice of connection.iceTransports) ice.connection.stunServer = undefined as never;
      if (options.srtpProfile) {
        const profiles = [SRTP_PROFILE_IDS[options.srtpProfile]];
        for (const dtls of connection.dtlsTransports)
          Object.assign(dtls, { srtpProfiles: profiles });
      }
      await connection.setLocalDescription(offer);
      const layers = options.layers && new SimulcastLayers(options.layers);
      const own = withTrackIds(onlyLoopback(connection.localDescription!.sdp));
      const { answer, resourceUrl } = await postOffer(options, layers?.announce(own) ?? own);
      const sdp = options.relay ? await throughRelay(answer, options.relay) : answer;
      await connection.setRemoteDescription({ type: 'answer', sdp });
      await connected(connection);
      return new WhipPublisher(
        options,
        connection,
        resourceUrl,
        negotiated(answer, senders, options),
        layers,
      );
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** UDP port of the service to which it sends. */
  get remotePort(): number {
    return this.#transport.iceTransport.connection.nominated!.remoteAddr[1];
  }

  /** Negotiated SRTP profile. */
  get srtpProfile(): SrtpProfile {
    const id = this.#transport.dtls?.srtp.srtpProfile;
    return id === SRTP_PROFILE_IDS.AEAD_AES_128_GCM
      ? 'AEAD_AES_128_GCM'
      : 'AES_CM_128_HMAC_SHA1_80';
  }

  /** SSRC of a track, not of its retransmissions. */
  ssrc(kind: TrackKind): number {
    return this.#track(kind).options.ssrc;
  }

  /** First sequence number of a track. */
  firstSequenceNumber(kind: TrackKind): number {
    return this.#track(kind).options.sequenceStart;
  }

  /** Captures and sends from now on: the media clock starts at zero. */
  start(): void {
    if (this.#timer) throw new Error('the publisher was started before');
    this.#startUs = steadyNowUs();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /**
   * Captures nothing until {@link resume}. RTP timestamps go on with the clock, sequence numbers do
   * not; sender reports stop.
   */
  pause(): void {
    this.#paused = true;
  }

  /** Captures again; video begins with the clip's next keyframe, up to 2 s from now. */
  resume(): void {
    this.#paused = false;
    this.#awaitKeyframe = true;
  }

  /** Goes on with another picture at the present clip's next keyframe, up to 2 s from now. */
  switchVideo(clip: VideoClip): void {
    this.#nextClip = videoFrames(clip);
  }

  /** Copies of the latest datagrams of a track. */
  latest(kind: TrackKind, count: number): Buffer[] {
    return this.#track(kind)
      .latest(count)
      .map((datagram) => Buffer.from(datagram));
  }

  /** Sends the latest datagrams of a track once more, byte for byte. Returns how many. */
  replay(kind: TrackKind, count: number): number {
    const datagrams = this.#track(kind).latest(count);
    for (const datagram of datagrams) this.#send(datagram);
    return datagrams.length;
  }

  /**
   * Sends datagrams that look like the next ones of a track and were not made with its key: what an
   * attacker would send who saw the headers. They leave from the publisher's own socket.
   */
  forge(kind: TrackKind, count: number): void {
    for (const datagram of this.#track(kind).latest(1)) {
      for (let i = 1; i <= count; i++) {
        const forged = Buffer.from(datagram);
        forged.writeUInt16BE((datagram.readUInt16BE(2) + i) & 0xffff, 2);
        forged[forged.length - 1]! ^= 0xff;
        this.#send(forged);
      }
    }
  }

  /** Sends any bytes from the publisher's socket. */
  sendDatagram(datagram: Buffer): void {
    this.#send(datagram);
  }

  /** Ends the session as a client should: DELETE of the WHIP resource (RFC 9725 §4.2). */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#keepalive);
    const response = await fetch(this.resourceUrl, {
      method: 'DELETE',
      headers: authorization(this.#options),
    });
    await this.#connection.close();
    if (!response.ok) {
      throw new Error(`DELETE ${this.resourceUrl}: ${response.status} ${await response.text()}`);
    }
    await response.body?.cancel();
  }

  /** Is gone from one moment to the next, as when the cable is cut: nothing more is sent. */
  vanish(): void {
    clearInterval(this.#timer);
    clearInterval(this.#keepalive);
    const { protocols } = this.#transport.iceTransport.connection as unknown as {
      protocols: { transport: { send: () => Promise<void> } }[];
    };
    for (const { transport } of protocols) transport.send = async () => {};
    void this.#connection.close();
  }

  #track(kind: TrackKind): OutgoingTrack {
    const track = kind === 'video' ? this.#video : this.#audio;
    if (!track) throw new Error(`this publisher sends no ${kind}`);
    return track;
  }

  #tick(): void {
    const elapsedMs = (steadyNowUs() - this.#startUs) / 1000;
    const { videoDelayMs = 0, audioDelayMs = 0, senderReports = true } = this.#options;
    while ((this.#nextFrame / FRAME_RATE) * 1000 + videoDelayMs <= elapsedMs) this.#sendFrame();
    while (this.#nextAudio * AUDIO_PACKET_MS + audioDelayMs <= elapsedMs) this.#sendAudio();
    if (!senderReports || this.#paused) return;
    if (elapsedMs >= this.#nextVideoReportMs) {
      this.#nextVideoReportMs += VIDEO_REPORT_INTERVAL_MS;
      for (const track of this.layers?.tracks ?? []) this.#sendReport(track);
      this.#sendReport(this.#video);
    }
    if (elapsedMs >= this.#nextAudioReportMs) {
      this.#nextAudioReportMs += AUDIO_REPORT_INTERVAL_MS;
      this.#sendReport(this.#audio);
    }
  }

  #sendFrame(): void {
    const number = this.#nextFrame++;
    this.layers?.frame((datagram) => this.#send(datagram));
    if (!this.#video || this.#paused) return;
    if (this.#jumpToKeyframe && this.#mayJump(number)) this.#moveToKeyframe(number);
    let place = (number - this.#clipStartsAt) % this.#frames.length;
    let frame = this.#frames[place]!;
    if (frame.keyframe && this.#nextClip) {
      this.#frames = this.#nextClip;
      this.#nextClip = undefined;
      this.#clipStartsAt = number;
      place = 0;
      frame = this.#frames[0]!;
    }
    if (this.#awaitKeyframe && !frame.keyframe) return;
    this.#awaitKeyframe = false;
    const { ticks = place * (VIDEO_CLOCK_RATE / FRAME_RATE) } = frame;
    const shownSeconds = (number - place) / FRAME_RATE + ticks / VIDEO_CLOCK_RATE;
    const timestamp = this.#video.timestampAt(shownSeconds);
    frame.payloads.forEach((payload, i) => {
      this.#sendPacket(this.#video!, payload, timestamp, i === frame.payloads.length - 1);
    });
    const capturedAtUs = this.#startUs + Math.round((number * 1e6) / FRAME_RATE);
    if (this.sent.videoFrames === 0) this.sent.firstFrameAtUs = capturedAtUs;
    this.sent.lastFrameAtUs = capturedAtUs;
    this.sent.videoFrames++;
    if (frame.keyframe) this.sent.videoKeyframes++;
    this.sent.videoPackets += frame.payloads.length;
  }

  #mayJump(number: number): boolean {
    return this.#options.keyframeOnRequest === 'at once' || number % FRAME_RATE === 0;
  }

  /** Turns the loop so that its next keyframe stands at a frame number. */
  #moveToKeyframe(number: number): void {
    this.#jumpToKeyframe = false;
    const count = this.#frames.length;
    const present = (number - this.#clipStartsAt) % count;
    let next = present;
    while (!this.#frames[next % count]!.keyframe) next++;
    this.#clipStartsAt = number - (next % count);
  }

  #sendAudio(): void {
    const number = this.#nextAudio++;
    if (!this.#audio || this.#paused) return;
    const seconds = (number * AUDIO_PACKET_MS) / 1000;
    if (this.sent.audioPackets === 0) {
      this.sent.firstAudioAtUs = this.#startUs + Math.round(seconds * 1e6);
    }
    const payload = this.#audioPackets[number % this.#audioPackets.length]!;
    this.#sendPacket(this.#audio, payload, this.#audio.timestampAt(seconds), false);
    this.sent.audioPackets++;
  }

  #sendPacket(track: OutgoingTrack, payload: Buffer, timestamp: number, marker: boolean): void {
    const packet = track.next(payload, timestamp, marker);
    if (this.#options.drop?.(packet)) this.sent.droppedPackets++;
    else this.#send(packet.datagram);
  }

  #sendReport(track: OutgoingTrack | undefined): void {
    if (!track) return;
    const nowUs = steadyNowUs();
    const report = senderReport(
      {
        ssrc: track.options.ssrc,
        wallClockUs: nowUs + (this.#options.clockOffsetMs ?? 0) * 1000,
        rtpTimestamp: track.timestampAt((nowUs - this.#startUs) / 1e6),
        packets: track.packets,
        octets: track.octets,
      },
      CNAME,
    );
    this.#send(this.#transport.srtcp.encrypt(report));
  }

  #send(datagram: Buffer): void {
    // Rejects only when the connection is closed, and then there is nobody to tell.
    this.#transport.iceTransport.connection.send(datagram).catch(() => {});
  }

  #onDatagram(datagram: Buffer): void {
    // RTCP on the multiplexed port (RFC 7983 §7, RFC 5761 §4).
    if (datagram.length < 2 || datagram[0]! >> 6 !== 2) return;
    if (datagram[1]! < 192 || datagram[1]! > 223) return;
    for (const item of readFeedback(this.#transport.srtcp.decrypt(datagram)))
      this.#onFeedback(item);
  }

  #onFeedback(item: Feedback): void {
    switch (item.type) {
      case 'pli':
        this.received.pictureLossIndications++;
        this.#jumpToKeyframe = this.#options.keyframeOnRequest !== undefined;
        break;
      case 'fir':
        this.received.fullIntraRequests++;
        this.#jumpToKeyframe = this.#options.keyframeOnRequest !== undefined;
        break;
      case 'nack':
        this.received.nackedPackets += item.sequenceNumbers.length;
        if (this.#options.answerNacks ?? true) this.#retransmit(item);
        break;
      case 'transport-cc':
        this.received.transportCcPackets++;
        break;
      case 'remb':
        this.received.rembPackets++;
        break;
      case 'report': {
        this.received.reportBlocks++;
        for (const track of [this.#video, this.#audio]) {
          if (track?.options.ssrc !== item.ssrc) continue;
          this.received.reportedLost[track.options.kind] = item.cumulativeLost;
        }
        break;
      }
    }
  }

  #retransmit(nack: { mediaSsrc: number; sequenceNumbers: number[] }): void {
    const track = [this.#video, this.#audio].find((one) => one?.options.ssrc === nack.mediaSsrc);
    for (const sequenceNumber of nack.sequenceNumbers) {
      const datagram = track?.again(sequenceNumber);
      if (!datagram) continue;
      this.#send(datagram);
      this.sent.retransmittedPackets++;
    }
  }
}

function newPeerConnection(options: WhipPublisherOptions): RTCPeerConnection {
  const { transportCc = true, rtx = true } = options;
  const feedback = [useNACK(), usePLI(), useREMB(), ...(transportCc ? [useTWCC()] : [])];
  const extensions = [useSdesMid(), ...(transportCc ? [useTransportWideCC()] : [])];
  const { encodingName, parameters } = options.encodedVideo ?? H264;
  const picture = new RTCRtpCodecParameters({
    mimeType: `video/${encodingName}`,
    payloadType: 102,
    clockRate: VIDEO_CLOCK_RATE,
    rtcpFeedback: feedback,
    ...(parameters !== '' && { parameters }),
  });
  const retransmission = new RTCRtpCodecParameters({
    mimeType: 'video/rtx',
    payloadType: 103,
    clockRate: VIDEO_CLOCK_RATE,
    parameters: 'apt=102',
  });
  return new RTCPeerConnection({
    codecs: {
      video: rtx ? [picture, retransmission] : [picture],
      audio: [
        useOPUS({
          payloadType: 111,
          clockRate: AUDIO_CLOCK_RATE,
          rtcpFeedback: options.audioNacks ? [useNACK()] : [],
        }),
      ],
    },
    headerExtensions: { video: extensions, audio: extensions },
    ...LOOPBACK_ICE,
    bundlePolicy: 'max-bundle',
  });
}

/** The answer with the candidates of a relay in front of the service. */
async function throughRelay(
  answer: string,
  relay: (port: number) => Promise<number>,
): Promise<string> {
  const candidate = /^(a=candidate:\S+ \d+ udp \d+ 127\.0\.0\.1 )(\d+)(?= )/im;
  const port = candidate.exec(answer)?.[2];
  if (port === undefined) throw new Error(`the answer has no candidate on loopback:\n${answer}`);
  const instead = await relay(Number(port));
  return answer.replaceAll(new RegExp(candidate, 'gim'), `$1${instead}`);
}

/** Names the tracks (RFC 8830): servers take two without a name for one. */
function withTrackIds(sdp: string): string {
  return sdp
    .replaceAll(/^a=mid:(.*)$/gm, (line, mid) => `${line}\r\na=msid:clip track-${mid.trim()}\r`)
    .replaceAll('\r\r', '\r');
}

function authorization(options: WhipPublisherOptions): Record<string, string> {
  return options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
}

async function postOffer(
  options: WhipPublisherOptions,
  offer: string,
): Promise<{ answer: string; resourceUrl: string }> {
  const response = await fetch(options.whipUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', ...authorization(options) },
    body: offer,
  });
  const answer = await response.text();
  if (response.status !== 201) {
    throw new Error(`POST ${options.whipUrl}: ${response.status} ${answer}`);
  }
  const location = response.headers.get('location');
  if (!location) throw new Error(`POST ${options.whipUrl}: 201 without a Location (RFC 9725 §4.2)`);
  return { answer, resourceUrl: new URL(location, options.whipUrl).href };
}

async function connected(connection: RTCPeerConnection): Promise<void> {
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  while (connection.connectionState !== 'connected') {
    if (connection.connectionState === 'failed' || performance.now() > deadline) {
      const ice = connection.iceTransports.map(({ state }) => state);
      const dtls = connection.dtlsTransports.map(({ state }) => state);
      throw new Error(
        `the peer connection is ${connection.connectionState}, not connected (ICE ${ice}, DTLS ${dtls})`,
      );
    }
    ignoreRepeatedHelloVerify(connection.dtlsTransports);
    await delay(TICK_MS);
  }
}

/** Reads from the answer what may be sent in each accepted section. */
function negotiated(
  answer: string,
  senders: Map<TrackKind, { ssrc: number; rtxSsrc: number }>,
  options: WhipPublisherOptions,
): OutgoingTrackOptions[] {
  const tracks: OutgoingTrackOptions[] = [];
  for (const section of parse(answer).media) {
    const kind = section.type as TrackKind;
    const sender = senders.get(kind);
    if (!sender || section.port === 0) continue;
    const { encodingName } = options.encodedVideo ?? H264;
    const wanted = kind === 'video' ? encodingName : 'opus';
    const codec = section.rtp.find((one) => one.codec.toLowerCase() === wanted.toLowerCase());
    if (!codec) throw new Error(`the answer has no ${wanted}`);
    const rtx = section.rtp.find((one) => one.codec.toLowerCase() === 'rtx');
    const extension = (uri: string) => section.ext?.find((one) => one.uri === uri)?.value;
    const midId = extension(MID_URI);
    const transportCcId = extension(TRANSPORT_CC_URI);
    const video = kind === 'video';
    tracks.push({
      kind,
      ssrc: sender.ssrc,
      payloadType: codec.payload,
      clockRate: video ? VIDEO_CLOCK_RATE : AUDIO_CLOCK_RATE,
      sequenceStart: (video ? options.videoSequenceStart : undefined) ?? randomInt(0x10000),
      timestampStart: randomInt(2 ** 32),
      ...(rtx && { retransmission: { ssrc: sender.rtxSsrc, payloadType: rtx.payload } }),
      ...(midId !== undefined && { mid: { id: midId, value: String(section.mid) } }),
      ...(transportCcId !== undefined && { transportCcId }),
    });
  }
  return tracks;
}
