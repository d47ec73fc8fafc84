import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { parseRtcpCompound } from '../../src/rtp/rtcp-compound.ts';
import { RtpReceiver } from '../../src/rtp/rtp-receiver.ts';
import { Decisions } from '../decisions.ts';
import { SrtpSender } from '../srtp-sender.ts';
import { type FuzzTarget, must } from '../target.ts';

const MOST_STEPS = 300;
/** What one packet or tick may make us send, bytes. */
const MOST_SENT_AT_ONCE = 16_384;
const SSRCS = [0x1000, 0x1001, 0x2000, 0x1002, 0x2001, 7, 8, 0xffff_ffff];
const PAYLOAD_TYPES = [96, 97, 111, 98, 13, 0];

/** A whole session: packets of a publisher that has the keys and means harm, in any order, and time. */
export const target: FuzzTarget = {
  covers: ['src/rtp'],
  maxBytes: 16_384,
  seeds: () => [
    Buffer.from('0f000001086742001f8c68ce3c00010106658884010203000101054' + '19a090807', 'hex'),
    Buffer.from('1f0001010c7c85888401020304050601010c7c4588840102030405060701', 'hex'),
    Buffer.from('2f0800010103f8fffe0900010103f8fffe0b80c80006000020000001' + '000203', 'hex'),
    Buffer.from('3f00010105419a01020304000a0105419a0102030c000a0300000541', 'hex'),
  ],
  run(input) {
    const decisions = new Decisions(input);
    const session = new Session(decisions.byte());
    for (let step = 0; step < MOST_STEPS && !decisions.done; step++) session.step(decisions);
    session.finish();
  },
};

/** Whether packets may name an encoding, so that the track has layers. */
function mayBeLayered(options: number): boolean {
  return (options & 64) !== 0;
}

function sectionsOf(options: number): MediaSection[] {
  const feedback = {
    nack: (options & 1) !== 0,
    pli: (options & 2) !== 0,
    fir: (options & 4) !== 0,
    transportCc: (options & 8) !== 0,
    remb: (options & 16) !== 0,
  };
  const layers = mayBeLayered(options) && { rid: 3, repairedRid: 4 };
  const extensions = { mid: 1, transportCc: 2, ...layers };
  const announced = (options & 32) !== 0;
  const h264 = { codec: 'h264' as const, clockRate: 90_000, parameters: {} };
  const rtx = { codec: 'rtx' as const, clockRate: 90_000, parameters: {} };
  return [
    {
      mid: 'v',
      kind: 'video',
      formats: [
        { ...h264, payloadType: 96 },
        { ...rtx, payloadType: 97, retransmits: 96 },
        { ...h264, payloadType: 98 },
      ],
      extensions,
      ssrcs: announced ? [SSRCS[0]!, SSRCS[1]!] : [],
      retransmissionSsrcs: announced ? [[SSRCS[0]!, SSRCS[1]!]] : [],
      feedback,
    },
    {
      mid: 'a',
      kind: 'audio',
      formats: [
        { payloadType: 111, codec: 'opus', clockRate: 48_000, channels: 2, parameters: {} },
      ],
      extensions,
      ssrcs: announced ? [SSRCS[2]!] : [],
      retransmissionSsrcs: [],
      feedback: { ...feedback, pli: false, fir: false },
    },
  ];
}

class Session {
  readonly #sender = new SrtpSender('AEAD_AES_128_GCM');
  readonly #receiver: RtpReceiver;
  readonly #mayBeLayered: boolean;
  readonly #sequenceNumbers = new Map<number, number>();
  readonly #timestamps = new Map<number, number>();
  readonly #sent: Buffer[] = [];
  readonly #units = { v: 0, a: 0 };
  #nowUs = 1_753_315_200_000_000;
  #given = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #sentAtOnce = 0;

  constructor(options: number) {
    this.#mayBeLayered = mayBeLayered(options);
    this.#receiver = new RtpReceiver({
      createDepacketizer,
      keys: this.#sender.keys,
      sections: sectionsOf(options),
      ssrc: 0x9876_5432,
      sendRtcp: (packet) => this.#checkRtcp(packet),
      sink: {
        onAccessUnit: (section, unit) => this.#checkUnit(section, unit),
        onSenderReport: (_, report) => must(Number.isFinite(report.ntpUs), 'a report has a time'),
        onTrackRestart: () => {},
        onGoodbye: () => {},
      },
    });
  }

  step(decisions: Decisions): void {
    this.#sentAtOnce = 0;
    const kind = decisions.byte() & 0x0f;
    if (kind < 8) this.#media(kind, decisions);
    else if (kind === 8) this.#media(decisions.byte() & 7, decisions, PAYLOAD_TYPES[2]);
    else if (kind === 9) this.#give(decisions.block());
    else if (kind === 10) this.#sendRtcp(decisions);
    else if (kind === 11) this.#again(decisions);
    else if (kind === 12) this.#retransmit(decisions);
    else if (kind === 13) this.#receiver.requestKeyframe();
    else this.#tick(decisions.byte() * (kind === 14 ? 20_000 : 1_000_000));
  }

  finish(): void {
    for (let tick = 0; tick < 3; tick++) this.#tick(2_000_000);
    this.#receiver.close();
    const statistics = this.#receiver.statistics();
    const { authenticationFailures, replayed, malformed, unroutable } = statistics;
    let least = authenticationFailures + replayed + malformed + unroutable;
    for (const [mid, { layer, ...track }] of statistics.tracks) {
      must(layer === undefined || layer.of > 1, 'a layer is one of several');
      for (const value of Object.values(track)) {
        must(Number.isSafeInteger(value) && value >= 0, 'what is counted is a count');
      }
      least += track.packetsReceived + track.duplicates;
      // While layers are learnt, what comes before a keyframe is counted, and not delivered.
      const undelivered = track.accessUnits - this.#units[mid as 'v' | 'a'];
      must(undelivered === 0 || (this.#mayBeLayered && undelivered > 0), 'each unit is counted');
      must(track.keyframes <= track.accessUnits, 'a keyframe is a unit');
    }
    must(least <= this.#given, 'no packet is counted twice');
    must(this.#bytesOut <= this.#bytesIn, 'never more bytes out than in');
  }

  #tick(elapsedUs: number): void {
    this.#nowUs += elapsedUs;
    this.#sentAtOnce = 0;
    this.#receiver.tick(this.#nowUs);
  }

  #give(datagram: Buffer): void {
    this.#given++;
    this.#bytesIn += datagram.length;
    this.#receiver.receive(datagram, this.#nowUs);
  }

  #media(stream: number, decisions: Decisions, payloadType?: number): void {
    const ssrc = SSRCS[stream]!;
    const how = decisions.byte();
    const step = (how & 0x80) === 0 ? 1 : decisions.signed();
    const far = (how & 0x60) === 0x60 ? decisions.word() : 0;
    const sequenceNumber = ((this.#sequenceNumbers.get(ssrc) ?? 65_500) + step + far) & 0xffff;
    this.#sequenceNumbers.set(ssrc, sequenceNumber);
    let timestamp = this.#timestamps.get(ssrc) ?? 0xffff_f000;
    if ((how & 0x10) !== 0) timestamp = (timestamp + decisions.signed() * 500) >>> 0;
    this.#timestamps.set(ssrc, timestamp);
    const type = payloadType ?? PAYLOAD_TYPES[decisions.byte() % PAYLOAD_TYPES.length]!;
    const head = Buffer.alloc(12);
    head[0] = 0x80 | ((how & 8) << 2) | ((how & 4) << 2);
    head[1] = ((how & 1) << 7) | type;
    head.writeUInt16BE(sequenceNumber, 2);
    head.writeUInt32BE(timestamp, 4);
    head.writeUInt32BE(ssrc, 8);
    const extension = (how & 4) === 0 ? Buffer.alloc(0) : extensionOf(decisions);
    this.#seal(Buffer.concat([head, extension]), decisions.block());
    this.#nowUs += (how & 2) === 0 ? 100 : 5000;
  }

  #seal(header: Buffer, payload: Buffer): void {
    const datagram = this.#sender.rtp(header, payload);
    this.#sent.push(datagram);
    this.#give(datagram);
  }

  #again(decisions: Decisions): void {
    const old = this.#sent[decisions.byte() % (this.#sent.length || 1)];
    if (old !== undefined) this.#give(old);
  }

  /** RFC 4588 of any number, also of packets that never were. */
  #retransmit(decisions: Decisions): void {
    const ssrc = SSRCS[1]!;
    const sequenceNumber = ((this.#sequenceNumbers.get(ssrc) ?? 0) + 1) & 0xffff;
    this.#sequenceNumbers.set(ssrc, sequenceNumber);
    const original = (this.#sequenceNumbers.get(SSRCS[0]!) ?? 0) + decisions.signed();
    const head = Buffer.from('806100000000000000001001', 'hex');
    head.writeUInt16BE(sequenceNumber, 2);
    head.writeUInt32BE(this.#timestamps.get(SSRCS[0]!) ?? 0, 4);
    const number = Buffer.alloc(2);
    number.writeUInt16BE(original & 0xffff);
    this.#seal(head, Buffer.concat([number, decisions.block()]));
  }

  #sendRtcp(decisions: Decisions): void {
    const kind = decisions.byte();
    const body = decisions.block();
    let packet = Buffer.concat([Buffer.of(0x80, 200, 0, 6), Buffer.alloc(24), body]);
    packet.writeUInt32BE(SSRCS[kind & 7]!, 4);
    packet.writeUInt32BE(decisions.long(), 8);
    packet.writeUInt32BE(decisions.long(), 16);
    if ((kind & 0x30) === 0x10)
      packet = Buffer.concat([Buffer.of(0x81, 203, 0, 1), packet.subarray(4, 8)]);
    if ((kind & 0x30) === 0x30)
      packet = Buffer.concat([Buffer.of(0x80, 200), body, Buffer.alloc(8)]);
    const datagram = this.#sender.rtcp(packet);
    this.#sent.push(datagram);
    this.#give(datagram);
  }

  #checkRtcp(packet: Buffer): void {
    this.#sentAtOnce += packet.length;
    must(packet.length <= 1400, 'what we send fits a datagram');
    must(parseRtcpCompound(packet) !== undefined, 'what we send is well-formed');
    must(this.#sentAtOnce <= MOST_SENT_AT_ONCE, 'no packet makes us send much');
  }

  #checkUnit(section: MediaSection, unit: AccessUnit): void {
    this.#units[section.mid as 'v' | 'a']++;
    must(unit.parts.length > 0, 'a unit has parts');
    must(unit.arrivalUs > 0 && unit.arrivalUs <= this.#nowUs, 'a unit arrived before now');
    for (const part of unit.parts) {
      must(part.length > 0, 'a part has bytes');
      this.#bytesOut += part.length;
    }
  }
}

/** A header extension of both forms, mostly with a right length. */
function extensionOf(decisions: Decisions): Buffer {
  const how = decisions.byte();
  const elements: Buffer[] = [];
  for (let count = how & 3; count > 0; count--) {
    const id = decisions.byte() & 0x0f;
    const mid = (how & 4) !== 0 && id === 1;
    const data = mid ? Buffer.from((how & 8) === 0 ? 'v' : 'a') : decisions.bytes(2);
    if (data.length === 0) break;
    elements.push(Buffer.of((id << 4) | (data.length - 1)), data);
  }
  if ((how & 0x30) === 0x30) elements.push(decisions.bytes(3));
  const data = Buffer.concat(elements);
  const words = Math.ceil(data.length / 4);
  const head = Buffer.from([0xbe, 0xde, 0, words]);
  if ((how & 0xc0) === 0xc0) head.writeUInt16BE(0x1000 | (how & 0x0f), 0);
  return Buffer.concat([head, data, Buffer.alloc(words * 4 - data.length)]);
}
