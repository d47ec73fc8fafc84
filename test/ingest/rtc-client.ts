import { RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket, useOPUS } from 'werift';
import { ignoreRepeatedHelloVerify } from '../publisher/hello-verify.ts';
import { until } from './whip-server.ts';

/**
 * The client half of a peer connection over loopback that sends sound and nothing else: a packet
 * every 20 ms, so that a test can look below WHIP at what happens to the transport.
 */
export class RtcClient {
  readonly connection: RTCPeerConnection;
  readonly #transceiver: ReturnType<RTCPeerConnection['addTransceiver']>;
  #timer: NodeJS.Timeout | undefined;
  sentPackets = 0;

  constructor() {
    this.connection = new RTCPeerConnection({
      codecs: { audio: [useOPUS({ payloadType: 111 })], video: [h264()] },
      iceServers: [],
      iceUseIpv6: false,
      iceInterfaceAddresses: { udp4: '127.0.0.1' },
      iceAdditionalHostAddresses: ['127.0.0.1'],
      bundlePolicy: 'max-bundle',
    });
    this.#transceiver = this.connection.addTransceiver('audio', { direction: 'sendonly' });
    this.#transceiver.sender.rtcpRunning = true;
  }

  /** Our DTLS transport, to spoil. */
  get dtls() {
    return this.connection.dtlsTransports[0]!;
  }

  /** Makes an offer; with `restart` one with new ICE credentials. */
  async offer(restart = false): Promise<string> {
    if (restart) this.connection.restartIce();
    const offer = await this.connection.createOffer();
    for (const ice of this.connection.iceTransports) ice.connection.stunServer = undefined as never;
    await this.connection.setLocalDescription(offer);
    return this.connection
      .localDescription!.sdp.split('\r\n')
      .filter((line) => !line.startsWith('a=candidate') || line.includes(' 127.0.0.1 '))
      .join('\r\n');
  }

  /** Takes the answer; `restart` when it belongs to an offer with new ICE credentials. */
  async answer(sdp: string, restart = false): Promise<void> {
    await this.connection.setRemoteDescription({ type: 'answer', sdp });
    // Left alone werift takes the new credentials and checks nothing with them.
    if (restart) await this.dtls.iceTransport.start();
  }

  /** Waits until the handshake is over. */
  async connected(): Promise<void> {
    const { connection } = this;
    await until(() => {
      ignoreRepeatedHelloVerify(connection.dtlsTransports);
      return connection.connectionState === 'connected';
    });
  }

  /** Sends a packet every 20 ms from now on. */
  start(): void {
    const { dtls } = this;
    this.#timer = setInterval(() => {
      const number = this.sentPackets++;
      const header = new RtpHeader({
        ssrc: this.#transceiver.sender.ssrc,
        payloadType: 111,
        sequenceNumber: number & 0xffff,
        timestamp: number * 960,
      });
      void dtls.sendRtp(new RtpPacket(header, Buffer.from([0xf8, 0xff, 0xfe])).payload, header);
    }, 20);
  }

  /** Sends no media any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    this.stop();
    // Else a handshake that was refused is repeated for another 30 s.
    const handshake = this.connection.dtlsTransports[0]?.dtls?.dtls;
    if (handshake) handshake.flight = Number.MAX_SAFE_INTEGER;
    await this.connection.close();
  }
}

function h264(): RTCRtpCodecParameters {
  return new RTCRtpCodecParameters({ mimeType: 'video/H264', payloadType: 102, clockRate: 90000 });
}

/** The two lines of a description or fragment with its ICE credentials, user fragment first. */
export function credentialLines(sdp: string): [ufrag: string, password: string] {
  return [/a=ice-ufrag:.*/.exec(sdp)![0], /a=ice-pwd:.*/.exec(sdp)![0]];
}
