import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  type RtcpPacket,
  type RtpPacket,
  useNACK,
  useOPUS,
  usePLI,
  useSdesMid,
} from 'werift';

/**
 * A WHIP endpoint that collects what a publisher sends, with werift alone: by it the publisher is
 * tested without the code that the publisher is there to test. Takes one session.
 */
export class ReferenceReceiver {
  readonly rtp: RtpPacket[] = [];
  readonly rtcp: RtcpPacket[] = [];
  /** Methods of the HTTP requests, in order. */
  readonly requests: string[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #connection: RTCPeerConnection | undefined;

  /** Listens on a free port of the loopback interface. */
  static async listen(): Promise<ReferenceReceiver> {
    const receiver = new ReferenceReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get whipUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/whip/reference`;
  }

  /** Sends RTCP to the publisher. */
  async sendRtcp(compound: Buffer): Promise<void> {
    const transport = this.#connection?.dtlsTransports[0];
    if (!transport) throw new Error('nobody has connected yet');
    await transport.sendRtcp([{ serialize: () => compound } as RtcpPacket]);
  }

  async close(): Promise<void> {
    await this.#connection?.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(request.method!);
    let offer = '';
    for await (const chunk of request) offer += chunk;
    if (request.method !== 'POST') {
      response.writeHead(200).end();
      return;
    }
    const connection = new RTCPeerConnection({
      codecs: {
        video: [
          new RTCRtpCodecParameters({
            mimeType: 'video/H264',
            clockRate: 90_000,
            rtcpFeedback: [useNACK(), usePLI()],
            parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
          }),
          new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: 90_000 }),
        ],
        audio: [useOPUS()],
      },
      headerExtensions: { video: [useSdesMid()], audio: [useSdesMid()] },
      iceLite: true,
      iceServers: [],
      iceUseIpv6: false,
      iceInterfaceAddresses: { udp4: '127.0.0.1' },
      iceAdditionalHostAddresses: ['127.0.0.1'],
      bundlePolicy: 'max-bundle',
    });
    this.#connection = connection;
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    // The test asks again for what was lost: werift must not see packets, or it does so too.
    connection.dtlsTransports[0]!.onRtp.allUnsubscribe();
    connection.dtlsTransports[0]!.onRtp.subscribe((packet) => this.rtp.push(packet));
    connection.dtlsTransports[0]!.onRtcp.subscribe((packet) => this.rtcp.push(packet));
    await connection.setLocalDescription(await connection.createAnswer());
    const lines = connection.localDescription!.sdp.split('\r\n');
    const sdp = lines.filter((l) => !l.startsWith('a=candidate') || l.includes(' 127.0.0.1 '));
    response.writeHead(201, {
      location: '/session/reference/1',
      'content-type': 'application/sdp',
    });
    response.end(sdp.join('\r\n'));
  }
}
