import t from 'tap';
import {
  GenericNack,
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpRrPacket,
  RtcpTransportLayerFeedback,
  TransportWideCC,
} from 'werift';
import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { RtpReceiver } from '../../src/rtp/rtp-receiver.ts';
import type { SenderReport } from '../../src/rtp/sender-report.ts';
import type { SrtpProfile } from '../../src/rtp/srtp-keys.ts';
import { H264_FORMAT, OPUS_FORMAT, RTX_FORMAT, seededRandom } from './packets.ts';
import { PROFILES, SecuredSender, type SentRtp } from './secured-sender.ts';

const START_US = 1_753_315_200_000_000;
const VIDEO_SSRC = 0xfedcba98;
const REPAIR_SSRC = 0xfedcba99;
const AUDIO_SSRC = 7;

const FEEDBACK = { nack: true, pli: true, fir: false, transportCc: true, remb: false };
const VIDEO: MediaSection = {
  mid: 'v',
  kind: 'video',
  formats: [H264_FORMAT, RTX_FORMAT],
  extensions: { mid: 1, transportCc: 2 },
  ssrcs: [],
  retransmissionSsrcs: [[VIDEO_SSRC, REPAIR_SSRC]],
  feedback: FEEDBACK,
};
const AUDIO: MediaSection = {
  mid: 'a',
  kind: 'audio',
  formats: [OPUS_FORMAT],
  extensions: { mid: 1, transportCc: 2 },
  ssrcs: [],
  retransmissionSsrcs: [],
  feedback: { ...FEEDBACK, nack: false, pli: false },
};

/** A sender and a receiver with what came out of it, on a clock that the test moves. */
class Session {
  readonly sender: SecuredSender;
  readonly receiver: RtpReceiver;
  readonly units: [string, AccessUnit][] = [];
  readonly reports: [string, SenderReport][] = [];
  /** All events in order, as words. */
  readonly events: string[] = [];
  readonly rtcp: Buffer[] = [];
  nowUs = START_US;
  #sequences = new Map<number, number>();
  #transport = 0;

  constructor(profile: SrtpProfile = 'AEAD_AES_128_GCM', sections = [VIDEO, AUDIO]) {
    this.sender = new SecuredSender(profile);
    this.receiver = new RtpReceiver({
      createDepacketizer,
      keys: this.sender.keys,
      sections,
      ssrc: 0x98765432,
      sendRtcp: (packet) => this.rtcp.push(packet),
      sink: {
        onAccessUnit: ({ mid }, unit) => {
          this.units.push([mid, unit]);
          this.events.push(`${mid} unit ${unit.rtpTimestamp}`);
        },
        onSenderReport: ({ mid }, report) => {
          this.reports.push([mid, report]);
          this.events.push(`${mid} report`);
        },
        onTrackRestart: ({ mid }) => this.events.push(`${mid} restart`),
        onGoodbye: ({ mid }) => this.events.push(`${mid} goodbye`),
      },
    });
  }

  /** A sealed packet; each SSRC counts its own sequence numbers. */
  seal(fields: Partial<SentRtp> & { ssrc: number }): Buffer {
    const sequenceNumber = fields.sequenceNumber ?? this.#sequences.get(fields.ssrc) ?? 1000;
    this.#sequences.set(fields.ssrc, (sequenceNumber + 1) & 0xffff);
    const transportCc = Buffer.alloc(2);
    transportCc.writeUInt16BE(this.#transport++ & 0xffff);
    return this.sender.rtp({
      payloadType: OPUS_FORMAT.payloadType,
      payload: Buffer.from([0xf8, 0xff, 0xfe]),
      extensions: { 2: transportCc },
      ...fields,
      sequenceNumber,
    });
  }

  send(fields: Partial<SentRtp> & { ssrc: number }): void {
    this.receiver.receive(this.seal(fields), this.nowUs);
  }

  /** Lets time pass in ticks of 20 ms. */
  wait(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed += 20) {
      this.nowUs += 20_000;
      this.receiver.tick(this.nowUs);
    }
  }

  /** What another implementation reads in the RTCP sent since the call before. */
  heard() {
    return this.rtcp
      .splice(0)
      .flatMap((packet) => RtcpPacketConverter.deSerialize(packet))
      .map((message) =>
        message instanceof RtcpTransportLayerFeedback ||
        message instanceof RtcpPayloadSpecificFeedback
          ? message.feedback
          : message,
      );
  }
}

/** A sender report without blocks. */
function senderReport(ssrc: number, ntpSeconds: number, ntpFraction: number, timestamp: number) {
  const packet = Buffer.alloc(28);
  packet.writeUInt32BE(0x80c80006, 0);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(ntpSeconds, 8);
  packet.writeUInt32BE(ntpFraction, 12);
  packet.writeUInt32BE(timestamp, 16);
  return packet;
}

function goodbye(ssrc: number) {
  const packet = Buffer.from('81cb000100000000', 'hex');
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

const PARAMETER_SETS = [Buffer.from('6742c01fda', 'hex'), Buffer.from('68ce3c80', 'hex')];
const mid = (text: string) => ({ 1: Buffer.from(text) });

/** Sends one picture of three NAL units, a packet each. */
function sendKeyframe(session: Session, timestamp: number, ssrc = VIDEO_SSRC): void {
  const nalUnits = [
    ...PARAMETER_SETS,
    Buffer.concat([Buffer.of(0x65, 0x88), Buffer.alloc(900, 9)]),
  ];
  for (const [position, payload] of nalUnits.entries()) {
    const marker = position === nalUnits.length - 1;
    session.send({ ssrc, payloadType: 96, timestamp, marker, payload });
  }
}

for (const profile of PROFILES) {
  t.test(`${profile}: from datagram to access unit, both tracks`, async (t) => {
    const session = new Session(profile);
    for (let count = 0; count < 50; count++) {
      if (count % 10 === 0) sendKeyframe(session, count * 900);
      session.send({ ssrc: AUDIO_SSRC, timestamp: count * 960 });
      session.wait(20);
    }
    const of = (mid: string) => session.units.filter(([of]) => of === mid);
    t.equal(of('v').length, 5);
    t.equal(of('a').length, 50);
    t.same(
      of('a').map(([, unit]) => unit.rtpTimestamp),
      Array.from({ length: 50 }, (_, count) => count * 960),
    );
    t.equal(of('v')[0]![1].keyframe, true);
    t.equal(session.receiver.lastAuthenticatedUs, session.nowUs - 20_000);
    const { tracks, ...dropped } = session.receiver.statistics();
    t.same(dropped, { authenticationFailures: 0, replayed: 0, malformed: 0, unroutable: 0 });
    t.equal(tracks.get('v')?.packetsReceived, 15);
    t.equal(tracks.get('a')?.packetsReceived, 50);
  });

  t.test(`${profile}: 2 s without packets across the wrap lose nothing after it`, async (t) => {
    const session = new Session(profile);
    const first = 0x10000 - 300;
    const outage = 560;
    for (let count = 0; count < 300 + outage + 2000; count++) {
      const sequenceNumber = (first + count) & 0xffff;
      const datagram = session.seal({ ssrc: AUDIO_SSRC, sequenceNumber, timestamp: count * 960 });
      if (count < 20 || count >= 20 + outage) session.receiver.receive(datagram, session.nowUs);
      if (count % 6 === 0) session.wait(20);
    }
    session.wait(2000);
    t.same(
      session.units.map(([, unit]) => unit.rtpTimestamp / 960),
      Array.from({ length: 2300 }, (_, count) => (count < 20 ? count : count + outage)),
    );
    const { authenticationFailures, tracks } = session.receiver.statistics();
    t.equal(authenticationFailures, 0);
    t.equal(tracks.get('a')?.packetsLost, outage);
  });

  t.test(`${profile}: replayed, forged and malformed packets are counted`, async (t) => {
    const session = new Session(profile);
    const datagram = session.seal({ ssrc: AUDIO_SSRC });
    const report = session.sender.rtcp(senderReport(AUDIO_SSRC, 3_962_304_000, 0, 0));
    for (const genuine of [datagram, report]) {
      const forged = Buffer.from(genuine);
      forged[13]! ^= 0x80;
      session.receiver.receive(forged, session.nowUs);
      session.receiver.receive(genuine, session.nowUs);
      session.receiver.receive(genuine, session.nowUs);
      session.receiver.receive(genuine.subarray(0, 13), session.nowUs);
    }
    session.receiver.receive(Buffer.alloc(0), session.nowUs);
    session.receiver.receive(Buffer.from([0x80]), session.nowUs);
    t.equal(session.units.length, 1);
    t.equal(session.reports.length, 1);
    const { tracks: _tracks, ...dropped } = session.receiver.statistics();
    t.same(dropped, { authenticationFailures: 2, replayed: 2, malformed: 4, unroutable: 0 });
  });
}

t.test('a forged packet does not count as a sign of life', async (t) => {
  const session = new Session();
  const datagram = session.seal({ ssrc: AUDIO_SSRC });
  datagram[datagram.length - 1]! ^= 1;
  session.receiver.receive(datagram, session.nowUs);
  t.equal(session.receiver.lastAuthenticatedUs, 0);
});

t.test('what was lost is asked for, and taken from the retransmission stream', async (t) => {
  const session = new Session();
  sendKeyframe(session, 0);
  const first = { ssrc: VIDEO_SSRC, payloadType: 96, timestamp: 3000 };
  const slice = (size: number) => Buffer.concat([Buffer.of(0x41, 0x9a), Buffer.alloc(size, size)]);
  session.send({ ...first, sequenceNumber: 1003, payload: slice(10) });
  session.send({ ...first, sequenceNumber: 1005, payload: slice(30), marker: true });
  session.wait(100);
  const nack = session.heard().find((message) => message instanceof GenericNack);
  t.match(nack, { lost: [1004], mediaSourceSsrc: VIDEO_SSRC, senderSsrc: 0x98765432 });

  session.send({ ssrc: REPAIR_SSRC, payloadType: 97, payload: Buffer.alloc(0), timestamp: 3000 });
  session.send({
    ssrc: REPAIR_SSRC,
    payloadType: 97,
    timestamp: 3000,
    payload: Buffer.concat([Buffer.from([1004 >> 8, 1004 & 0xff]), slice(20)]),
  });
  t.equal(session.units.length, 2);
  t.same(
    session.units[1]![1].parts.map((part) => part.length),
    [12, 22, 32],
  );
  const { tracks, ...dropped } = session.receiver.statistics();
  t.match(tracks.get('v'), { packetsLost: 0, packetsRecovered: 1 });
  t.same(dropped, { authenticationFailures: 0, replayed: 0, malformed: 0, unroutable: 0 });
});

t.test('the first packet of a video track asks for a keyframe', async (t) => {
  const session = new Session();
  session.send({ ssrc: VIDEO_SSRC, payloadType: 96, payload: Buffer.of(0x41, 1, 2), marker: true });
  const request = session.heard().find((message) => message instanceof PictureLossIndication);
  t.match(request, { mediaSsrc: VIDEO_SSRC, senderSsrc: 0x98765432 });
  session.wait(600);
  session.heard();
  sendKeyframe(session, 9000);
  session.wait(2000);
  session.heard();
  session.receiver.requestKeyframe();
  t.ok(session.heard().some((message) => message instanceof PictureLossIndication));
});

t.test('a keyframe is asked for with FIR where PLI was not agreed on', async (t) => {
  const fir = { ...VIDEO, feedback: { ...FEEDBACK, pli: false, fir: true } };
  const session = new Session('AEAD_AES_128_GCM', [fir]);
  session.send({ ssrc: VIDEO_SSRC, payloadType: 96, payload: Buffer.of(0x41, 1, 2), marker: true });
  session.wait(1000);
  const requests = session.rtcp
    .map((packet) => packet.toString('hex'))
    .filter((packet) => packet.includes('84ce0004'));
  t.ok(requests.length >= 2);
  t.match(requests[0], '84ce0004' + '98765432' + '00000000' + 'fedcba98' + '01000000');
  t.match(requests[1], 'fedcba98' + '02000000', 'each with a number of its own');
});

t.test('receiver reports every second, with the last sender report', async (t) => {
  const session = new Session();
  sendKeyframe(session, 0);
  session.send({ ssrc: AUDIO_SSRC });
  session.receiver.receive(
    session.sender.rtcp(senderReport(AUDIO_SSRC, 0x1234abcd, 0xef015678, 0)),
    session.nowUs,
  );
  session.wait(3000);
  const full = session
    .heard()
    .filter((message) => message instanceof RtcpRrPacket && message.reports.length > 0);
  t.equal(full.length, 3);
  const last = full.at(-1) as RtcpRrPacket;
  t.equal(last.ssrc, 0x98765432);
  t.same(new Set(last.reports.map(({ ssrc }) => ssrc)), new Set([VIDEO_SSRC, AUDIO_SSRC]));
  const audioBlock = last.reports.find(({ ssrc }) => ssrc === AUDIO_SSRC);
  t.equal(audioBlock?.lsr, 0xabcdef01);
  t.ok(Math.abs(audioBlock!.dlsr - 2.02 * 65536) < 4000, `${audioBlock?.dlsr}`);
});

t.test('transport-wide feedback covers both tracks and the retransmissions', async (t) => {
  const session = new Session();
  let sent = 0;
  for (let count = 0; count < 100; count++) {
    session.send({ ssrc: AUDIO_SSRC, timestamp: count * 960 });
    session.send({ ssrc: VIDEO_SSRC, payloadType: 96, payload: Buffer.of(0x41, 1, 2) });
    session.send({ ssrc: REPAIR_SSRC, payloadType: 97, payload: Buffer.alloc(0) });
    sent += 3;
    session.wait(20);
  }
  session.wait(100);
  const messages = session.heard().filter((message) => message instanceof TransportWideCC);
  t.ok(messages.length >= 20 && messages.length <= 50, `${messages.length} messages in 2 s`);
  t.equal(
    messages.reduce((sum, { packetStatusCount }) => sum + packetStatusCount, 0),
    sent,
  );
  t.equal(
    messages.reduce((sum, { recvDeltas }) => sum + recvDeltas.length, 0),
    sent,
  );
});

t.test('REMB stands in where transport-wide feedback was not agreed on', async (t) => {
  const without = (section: MediaSection): MediaSection => ({
    ...section,
    extensions: { mid: 1 },
    feedback: { ...section.feedback, transportCc: false, remb: section.kind === 'video' },
  });
  const session = new Session('AEAD_AES_128_GCM', [without(VIDEO), without(AUDIO)]);
  sendKeyframe(session, 0);
  session.send({ ssrc: AUDIO_SSRC });
  session.wait(2000);
  const messages = session.heard();
  const remb = messages.filter((message) => message instanceof ReceiverEstimatedMaxBitrate);
  t.equal(remb.length, 2);
  t.same(remb[0]?.ssrcFeedbacks, [VIDEO_SSRC]);
  t.ok(Number(remb[0]?.bitrate) > 9_000_000);
  t.notOk(messages.some((message) => message instanceof TransportWideCC));

  const both = new Session();
  sendKeyframe(both, 0);
  both.wait(2000);
  t.notOk(both.heard().some((message) => message instanceof ReceiverEstimatedMaxBitrate));
});

t.test('sender reports go to their track, also one that comes before the media', async (t) => {
  const session = new Session();
  const report = (ssrc: number, seconds: number, fraction: number) =>
    session.receiver.receive(
      session.sender.rtcp(senderReport(ssrc, seconds, fraction, 4711)),
      session.nowUs,
    );
  report(AUDIO_SSRC, 2_208_988_800 + 1_753_315_200, 0x40000000);
  t.equal(session.reports.length, 0);
  const reportedUs = session.nowUs;
  session.wait(40);
  session.send({ ssrc: AUDIO_SSRC });
  t.same(session.reports, [
    ['a', { ntpUs: START_US + 250_000, rtpTimestamp: 4711, arrivalUs: reportedUs }],
  ]);
  report(REPAIR_SSRC, 3_962_304_000, 0);
  report(AUDIO_SSRC, 0, 0);
  t.equal(session.reports.length, 1, 'no track, and no wall clock');
  report(AUDIO_SSRC, 3_962_304_001, 0);
  t.equal(session.reports[1]?.[1].ntpUs, START_US + 1_000_000);
});

t.test('a new SSRC restarts the track, after all of the old one came out', async (t) => {
  const session = new Session();
  const send = (ssrc: number, timestamp: number, sequenceNumber?: number) =>
    session.send({
      ssrc,
      timestamp,
      ...(sequenceNumber === undefined ? {} : { sequenceNumber }),
      extensions: mid('a'),
    });
  send(1, 0);
  send(1, 1920, 1002);
  session.receiver.receive(
    session.sender.rtcp(senderReport(2, 3_962_304_000, 0, 5)),
    session.nowUs,
  );
  send(2, 960_000);
  send(1, 2880);
  session.receiver.receive(session.sender.rtcp(goodbye(1)), session.nowUs);
  session.receiver.receive(session.sender.rtcp(goodbye(2)), session.nowUs);
  t.same(session.events, [
    'a unit 0',
    'a unit 1920',
    'a restart',
    'a unit 960000',
    'a report',
    'a goodbye',
  ]);
  t.equal(session.receiver.statistics().unroutable, 1, 'the late packet of the old SSRC');
});

t.test('authentic nonsense is dropped, whatever it is', async (t) => {
  const random = seededRandom(20);
  const bytes = (length: number) =>
    Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  for (const profile of PROFILES) {
    const session = new Session(profile);
    sendKeyframe(session, 0);
    for (let round = 0; round < 1500; round++) {
      const ssrc = [VIDEO_SSRC, REPAIR_SSRC, AUDIO_SSRC, Math.floor(random() * 2 ** 32)][
        round % 4
      ]!;
      session.send({
        ssrc,
        sequenceNumber: Math.floor(random() * 0x10000),
        payloadType: [96, 97, 111, Math.floor(random() * 128)][Math.floor(random() * 4)]!,
        timestamp: Math.floor(random() * 2 ** 32),
        marker: random() < 0.5,
        extensions: { 1: bytes(1 + Math.floor(random() * 4)), 2: bytes(1 + (round % 3)) },
        payload: bytes(Math.floor(random() * 60)),
      });
      const length = Math.floor(random() * 20) * 4;
      const compound = Buffer.concat([Buffer.of(0x80, 200 + (round % 8)), bytes(6 + length)]);
      if (round % 2 === 0) compound.writeUInt16BE(compound.length / 4 - 1, 2);
      session.receiver.receive(session.sender.rtcp(compound), session.nowUs);
      if (round % 10 === 0) session.wait(20);
    }
    session.wait(2000);
    const { authenticationFailures, malformed, unroutable } = session.receiver.statistics();
    t.ok(malformed > 100, `${malformed} malformed`);
    t.ok(unroutable > 100, `${unroutable} unroutable`);
    // A random sequence number may lie where the rollover counter is guessed wrong.
    t.ok(authenticationFailures < 3000);
    t.ok(session.rtcp.every((packet) => packet.length <= 1400 && packet.length % 4 === 0));
  }
});

t.test('random datagrams are dropped, and leave genuine ones alone', async (t) => {
  const random = seededRandom(21);
  for (const profile of PROFILES) {
    const session = new Session(profile);
    for (let round = 0; round < 3000; round++) {
      const datagram = Buffer.alloc(Math.floor(random() * 120));
      for (let position = 0; position < datagram.length; position++) {
        datagram[position] = Math.floor(random() * 256);
      }
      if (datagram.length > 0) datagram[0] = 0x80 | (datagram[0]! & 0x3f);
      session.receiver.receive(datagram, session.nowUs);
      if (round % 10 === 0) {
        session.send({ ssrc: AUDIO_SSRC, timestamp: round });
        session.wait(20);
      }
    }
    t.equal(session.units.length, 300);
    const { authenticationFailures, malformed, replayed } = session.receiver.statistics();
    t.equal(authenticationFailures + malformed + replayed, 3000);
  }
});

t.test(
  'how a picture is to be shown is said by its last packet, also by one that comes again',
  async (t) => {
    const extensions = { ...VIDEO.extensions, videoOrientation: 5 };
    const session = new Session('AEAD_AES_128_GCM', [{ ...VIDEO, extensions }, AUDIO]);
    const picture = { ssrc: VIDEO_SSRC, payloadType: H264_FORMAT.payloadType, marker: true };
    const slice = (type: number) => Buffer.of(0x60 | type, 0x88, 0x80, 0x80, 1, 2, 3);
    const send = (timestamp: number, type: number, byte?: number) =>
      session.send({
        ...picture,
        timestamp,
        payload: slice(type),
        extensions: byte === undefined ? {} : { 5: Buffer.of(byte) },
      });
    send(3000, 5);
    send(6000, 1, 0b1001);
    send(9000, 1);
    session.seal({ ...picture, timestamp: 12_000, payload: slice(5) });
    send(15_000, 1);
    const osn = Buffer.alloc(2);
    osn.writeUInt16BE(1003);
    session.send({
      ssrc: REPAIR_SSRC,
      payloadType: RTX_FORMAT.payloadType,
      timestamp: 12_000,
      marker: true,
      payload: Buffer.concat([osn, slice(5)]),
      extensions: { 5: Buffer.of(6) },
    });
    t.same(
      session.units.map(([, { rtpTimestamp, orientation }]) => [rtpTimestamp, orientation]),
      [
        [3000, undefined],
        [6000, { clockwise: 90, isMirrored: false }],
        [9000, { clockwise: 90, isMirrored: false }],
        [12_000, { clockwise: 180, isMirrored: true }],
        [15_000, { clockwise: 180, isMirrored: true }],
      ],
    );
  },
);

t.test('a packet stays as it is while the picture that it ends has others received', async (t) => {
  const one = new Session();
  const other = new Session();
  let inside = 0;
  const nested = new RtpReceiver({
    createDepacketizer,
    keys: one.sender.keys,
    sections: [VIDEO, AUDIO],
    sendRtcp: () => {},
    sink: {
      onAccessUnit: (_section, unit) => {
        one.units.push(['v', unit]);
        inside++;
        other.send({ ssrc: AUDIO_SSRC, payload: Buffer.alloc(700, 0xf8) });
      },
      onSenderReport: () => {},
      onTrackRestart: () => {},
      onGoodbye: () => {},
    },
  });
  // Pictures in three fragments each (RFC 6184 §5.8), without marker: the next one ends them.
  const fragment = (picture: number, header: number) =>
    Buffer.concat([Buffer.from([0x7c, header | 5]), Buffer.alloc(800, 0x80 + picture)]);
  for (let picture = 1; picture <= 20; picture++) {
    for (const header of [0x80, 0, 0x40]) {
      const payload = fragment(picture, header);
      const { payloadType } = H264_FORMAT;
      const timestamp = picture * 3000;
      const datagram = one.seal({ ssrc: VIDEO_SSRC, payloadType, timestamp, payload });
      nested.receive(datagram, one.nowUs);
    }
  }
  t.equal(inside, 19);
  t.equal(other.units.length, 19);
  for (const [index, [, unit]] of one.units.entries()) {
    const expected = Buffer.concat([Buffer.from([0x65]), Buffer.alloc(2400, 0x81 + index)]);
    t.same(Buffer.concat(unit.parts), expected, `picture ${index + 1}`);
  }
});
