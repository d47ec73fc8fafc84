import { buildRemb } from '../../src/rtp/remb.ts';
import { parseRtcpCompound } from '../../src/rtp/rtcp-compound.ts';
import {
  buildFullIntraRequest,
  buildGenericNacks,
  buildPictureLossIndication,
} from '../../src/rtp/rtcp-feedback.ts';
import { ntpMiddle32, ntpToUnixUs } from '../../src/rtp/rtcp-ntp-time.ts';
import { buildReceiverReport, buildSourceDescription } from '../../src/rtp/rtcp-receiver-report.ts';
import { TransportCcFeedback } from '../../src/rtp/transport-cc-feedback.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

/** A compound packet as it arrives, and the packets that we send, which must be well-formed ones. */
export const target: FuzzTarget = {
  covers: [
    'src/rtp/rtcp-compound.ts',
    'src/rtp/rtcp-feedback.ts',
    'src/rtp/rtcp-ntp-time.ts',
    'src/rtp/rtcp-receiver-report.ts',
    'src/rtp/rtcp-report-block.ts',
    'src/rtp/rtcp-transport-cc.ts',
    'src/rtp/transport-cc-feedback.ts',
    'src/rtp/remb.ts',
  ],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from(
      '81c9000700000001000000020010002000000003000000040000000500000006' + '81cb000100000002',
      'hex',
    ),
    Buffer.from('80c80006000000020000000100000002000000030000000400000005', 'hex'),
    Buffer.from('82cb00030000000100000002036279650000', 'hex'),
    Buffer.from('0300000104000205000306ff0704050607', 'hex'),
  ],
  run(input) {
    const messages = parseRtcpCompound(input);
    if (messages !== undefined) {
      must(messages.length <= input.length / 4, 'no more messages than packets can be');
      for (const message of messages) {
        if (message.type === 'goodbye') {
          must(message.ssrcs.length <= 31, 'a goodbye names at most 31 sources');
          continue;
        }
        const us = ntpToUnixUs(message.ntpSeconds, message.ntpFraction);
        must(Number.isFinite(us), 'a report has a time');
        const middle = ntpMiddle32(message.ntpSeconds, message.ntpFraction);
        must(middle >= 0 && middle <= 0xffff_ffff, 'the middle of a time has 32 bits');
      }
    }
    checkNacks(input);
    checkTransportCc(input);
    checkReports(input);
  },
};

function wellFormed(packet: Buffer, kind: string): void {
  must(packet.length % 4 === 0 && packet.length >= 8, `${kind} is whole words`);
  must(parseRtcpCompound(packet) !== undefined, `${kind} is well-formed`);
  must(packet.readUInt16BE(2) * 4 + 4 === packet.length, `${kind} says its length`);
}

function checkNacks(input: Buffer): void {
  const decisions = new Decisions(input.subarray(0, 4096));
  const wanted: number[] = [];
  let sequenceNumber = decisions.word();
  while (!decisions.done) {
    wanted.push(sequenceNumber);
    const step = decisions.byte();
    sequenceNumber = (sequenceNumber + (step === 0xff ? decisions.word() : step & 0x1f)) & 0xffff;
  }
  const asked = new Set<number>();
  for (const packet of buildGenericNacks(1, 2, wanted)) {
    wellFormed(packet, 'a NACK');
    must(packet.length <= 1200, 'a NACK fits a datagram');
    for (let at = 12; at < packet.length; at += 4) {
      const first = packet.readUInt16BE(at);
      asked.add(first);
      const mask = packet.readUInt16BE(at + 2);
      for (let bit = 0; bit < 16; bit++) {
        if ((mask >> bit) & 1) asked.add((first + bit + 1) & 0xffff);
      }
    }
  }
  must(asked.size === new Set(wanted).size, 'NACKs ask for as many packets as are missing');
  for (const one of wanted) must(asked.has(one), 'NACKs ask for each packet that is missing');
}

function checkTransportCc(input: Buffer): void {
  const decisions = new Decisions(input.subarray(0, 4096));
  const arrived = new Set<number>();
  let told = 0;
  const feedback = new TransportCcFeedback(1, (packet) => {
    wellFormed(packet, 'transport-wide feedback');
    told += countReceived(packet);
  });
  let sequence = 0;
  let nowUs = 1_700_000_000_000_000;
  while (!decisions.done) {
    const step = decisions.signed();
    sequence += step === -128 ? decisions.word() : step;
    nowUs += decisions.byte() * 1000;
    // The clock is steady, but a thread may have stood still for long.
    if (decisions.byte() === 0xff) nowUs += decisions.long();
    feedback.onPacket(sequence & 0xffff, 2, nowUs);
    arrived.add(sequence);
    if ((step & 7) === 0) feedback.tick(nowUs);
  }
  feedback.tick(nowUs + 1_000_000);
  must(told <= input.length, 'no packet is told of twice');
  must(arrived.size === 0 || told > 0, 'something that arrived is told of');
}

/** Statuses "received" of a transport-wide feedback, which must agree with its deltas. */
function countReceived(packet: Buffer): number {
  const statuses = packet.readUInt16BE(14);
  const symbols: number[] = [];
  let at = 20;
  while (symbols.length < statuses) {
    must(at + 2 <= packet.length, 'all statuses are there');
    const chunk = packet.readUInt16BE(at);
    at += 2;
    if (chunk < 0x8000) {
      for (let run = chunk & 0x1fff; run > 0; run--) symbols.push(chunk >> 13);
    } else if (chunk < 0xc000) {
      for (let bit = 13; bit >= 0; bit--) symbols.push((chunk >> bit) & 1);
    } else {
      for (let bit = 12; bit >= 0; bit -= 2) symbols.push((chunk >> bit) & 3);
    }
  }
  const received = symbols.slice(0, statuses).filter((symbol) => symbol !== 0);
  const deltaBytes = received.reduce((sum, symbol) => sum + symbol, 0);
  const padding = (packet[0]! & 0x20) === 0 ? 0 : packet.at(-1)!;
  must(at + deltaBytes + padding === packet.length, 'there are as many deltas as packets');
  return received.length;
}

function checkReports(input: Buffer): void {
  const decisions = new Decisions(input);
  const blocks = [];
  for (let count = decisions.byte() & 0x3f; count > 0; count--) {
    blocks.push({
      ssrc: decisions.long(),
      fractionLost: decisions.signed() * 4,
      cumulativeLost: decisions.size() - 1000,
      extendedHighestSequence: decisions.size(),
      jitter: decisions.size(),
      lastSenderReport: decisions.long(),
      delaySinceLastSenderReport: decisions.size(),
    });
  }
  wellFormed(buildReceiverReport(decisions.long(), blocks), 'a receiver report');
  const ssrcs = Array.from({ length: decisions.byte() & 0x1f }, () => decisions.long());
  wellFormed(buildRemb(1, decisions.size(), ssrcs), 'REMB');
  wellFormed(buildPictureLossIndication(decisions.long(), 1), 'PLI');
  wellFormed(buildFullIntraRequest(decisions.long(), 1, decisions.byte()), 'FIR');
  const name = decisions.text().slice(0, 60);
  wellFormed(buildSourceDescription(1, name), 'a source description');
}
