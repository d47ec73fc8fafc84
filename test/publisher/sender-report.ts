/** Seconds from the NTP epoch (1900) to the Unix epoch (RFC 3550 §4). */
const NTP_TO_UNIX_S = 2_208_988_800;
const SENDER_REPORT = 200;
const SOURCE_DESCRIPTION = 202;
const CNAME = 1;

/** What a sender report says of one track (RFC 3550 §6.4.1). */
export interface SenderState {
  ssrc: number;
  /** Sender's wall clock, µs since the Unix epoch. */
  wallClockUs: number;
  /** The same instant on the track's RTP clock, in its ticks; taken modulo 2^32. */
  rtpTimestamp: number;
  /** Packets and payload bytes sent so far. */
  packets: number;
  octets: number;
}

/** A compound packet of sender report and canonical name (RFC 3550 §6.1, §6.4.1, §6.5). */
export function senderReport(state: SenderState, cname: string): Buffer {
  const report = Buffer.alloc(28);
  report[0] = 0x80;
  report[1] = SENDER_REPORT;
  report.writeUInt16BE(report.length / 4 - 1, 2);
  report.writeUInt32BE(state.ssrc, 4);
  const seconds = Math.floor(state.wallClockUs / 1e6);
  report.writeUInt32BE(seconds + NTP_TO_UNIX_S, 8);
  report.writeUInt32BE(Math.floor((state.wallClockUs / 1e6 - seconds) * 2 ** 32), 12);
  report.writeUInt32BE(modulo32(state.rtpTimestamp), 16);
  report.writeUInt32BE(modulo32(state.packets), 20);
  report.writeUInt32BE(modulo32(state.octets), 24);

  const name = Buffer.from(cname);
  // An item list ends with at least one zero byte and is filled to a multiple of four (RFC 3550 §6.5).
  const description = Buffer.alloc(8 + Math.ceil((2 + name.length + 1) / 4) * 4);
  description[0] = 0x81;
  description[1] = SOURCE_DESCRIPTION;
  description.writeUInt16BE(description.length / 4 - 1, 2);
  description.writeUInt32BE(state.ssrc, 4);
  description[8] = CNAME;
  description[9] = name.length;
  name.copy(description, 10);
  return Buffer.concat([report, description]);
}

function modulo32(value: number): number {
  return ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
}
