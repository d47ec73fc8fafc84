import { createDepacketizer } from '../src/codecs/registry.ts';
import type { PayloadFormat } from '../src/media/payload-format.ts';
import type { RtpPacket } from '../src/media/rtp-packet.ts';
import { Slab } from '../src/media/slab.ts';
import type { MediaSection } from '../src/rtp/media-section.ts';
import { TrackReceiver } from '../src/rtp/track-receiver.ts';

const PACKETS = 400_000;
const PACKETS_PER_PICTURE = 10;
const PAYLOAD_BYTES = 1100;

const h264: PayloadFormat = { payloadType: 96, codec: 'h264', clockRate: 90_000, parameters: {} };
const OPUS: PayloadFormat = { payloadType: 111, codec: 'opus', clockRate: 48_000, parameters: {} };

/** Payload of a picture's packet at this place: FU-A of an IDR or another slice. */
function fragmentPayload(place: number, isKeyframe: boolean): Buffer {
  const start = place === 0 ? 0x80 : 0;
  const end = place === PACKETS_PER_PICTURE - 1 ? 0x40 : 0;
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x88);
  payload[0] = 0x7c;
  payload[1] = start | end | (isKeyframe ? 5 : 1);
  return payload;
}

const slab = new Slab();
const keyPayloads = Array.from({ length: PACKETS_PER_PICTURE }, (_, at) =>
  fragmentPayload(at, true),
);
const payloads = Array.from({ length: PACKETS_PER_PICTURE }, (_, at) => fragmentPayload(at, false));
const OPUS_PAYLOAD = Buffer.alloc(80, 0xf8);

/** The n-th packet of an H264 stream, in memory of its own as from the socket. */
function videoPacket(n: number): RtpPacket {
  const picture = Math.floor(n / PACKETS_PER_PICTURE);
  const place = n % PACKETS_PER_PICTURE;
  const payload = slab.take(PAYLOAD_BYTES);
  (picture % 60 === 0 ? keyPayloads : payloads)[place]!.copy(payload);
  return {
    ssrc: 1,
    payloadType: 96,
    sequenceNumber: n & 0xffff,
    timestamp: (picture * 3000) >>> 0,
    marker: place === PACKETS_PER_PICTURE - 1,
    arrivalUs: n * 3000,
    payload,
  };
}

function audioPacket(n: number): RtpPacket {
  const payload = slab.take(OPUS_PAYLOAD.length);
  OPUS_PAYLOAD.copy(payload);
  return {
    ssrc: 1,
    payloadType: 111,
    sequenceNumber: n & 0xffff,
    timestamp: (n * 960) >>> 0,
    marker: false,
    arrivalUs: n * 20_000,
    payload,
  };
}

function makeReceiver(format: PayloadFormat): TrackReceiver {
  const section: MediaSection = {
    mid: '0',
    kind: format === h264 ? 'video' : 'audio',
    formats: [format],
    extensions: {},
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: { nack: true, pli: true, fir: false, transportCc: false, remb: false },
  };
  const events = { onAccessUnit() {}, sendNack() {}, sendKeyframeRequest() {} };
  return new TrackReceiver(section, events, { createDepacketizer });
}

/** µs a call of `take` with each packet, the second of two rounds. */
function measure(make: (n: number) => RtpPacket, take: (packet: RtpPacket, n: number) => void) {
  let perPacket = 0;
  for (let round = 0; round < 2; round++) {
    const startMs = performance.now();
    for (let n = 0; n < PACKETS; n++) take(make(round * PACKETS + n), n);
    perPacket = ((performance.now() - startMs) * 1000) / PACKETS;
  }
  return perPacket;
}

/**
 * Measures the way from decrypted RTP packet to access unit and prints µs a packet. Making the
 * packets is measured by itself and taken off.
 */
export async function run(): Promise<void> {
  const baseVideo = measure(videoPacket, () => {});
  const baseAudio = measure(audioPacket, () => {});
  const print = (name: string, perPacket: number) =>
    console.log(`${name.padEnd(44)}${perPacket.toFixed(3).padStart(8)} µs/packet`);

  const depacketizer = createDepacketizer(h264, () => {});
  print(
    'depacketize H264 (FU-A, 10 packets a picture)',
    measure(videoPacket, (packet) => depacketizer.push(packet, false)) - baseVideo,
  );

  const video = makeReceiver(h264);
  print(
    'receive H264 track in order',
    measure(videoPacket, (packet) => video.receive(packet)) - baseVideo,
  );

  const reordered = makeReceiver(h264);
  let held: RtpPacket | undefined;
  print(
    'receive H264 track, 1 in 20 three packets late',
    measure(videoPacket, (packet, n) => {
      if (n % 20 === 7) held = packet;
      else reordered.receive(packet);
      if (n % 20 === 10 && held !== undefined) reordered.receive(held);
    }) - baseVideo,
  );

  const audio = makeReceiver(OPUS);
  print(
    'receive Opus track in order',
    measure(audioPacket, (packet) => audio.receive(packet)) - baseAudio,
  );
}
