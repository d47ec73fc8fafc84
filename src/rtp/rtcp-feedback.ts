const TRANSPORT_FEEDBACK_TYPE = 205;
const PAYLOAD_FEEDBACK_TYPE = 206;
/** Entries of 17 packets each; 250 keep the packet within 1,012 bytes. */
const MAXIMUM_NACK_ENTRIES = 250;

/**
 * Builds a picture loss indication (RFC 4585 §6.3.1), which requests a keyframe from the sender of
 * `mediaSsrc`.
 *
 * @param senderSsrc our own SSRC
 */
export function buildPictureLossIndication(senderSsrc: number, mediaSsrc: number): Buffer {
  return feedback(PAYLOAD_FEEDBACK_TYPE, 1, senderSsrc, mediaSsrc, 0);
}

/**
 * Builds a full intra request (RFC 5104 §4.3.1), which requests a keyframe from the sender of
 * `mediaSsrc`.
 *
 * @param senderSsrc our own SSRC
 * @param commandNumber 8 bits; incremented for each new request, the same for a repetition
 */
export function buildFullIntraRequest(
  senderSsrc: number,
  mediaSsrc: number,
  commandNumber: number,
): Buffer {
  // The media source in the common header is unused and must be 0.
  const packet = feedback(PAYLOAD_FEEDBACK_TYPE, 4, senderSsrc, 0, 8);
  packet.writeUInt32BE(mediaSsrc, 12);
  packet[16] = commandNumber;
  return packet;
}

/**
 * Builds generic NACKs (RFC 4585 §6.2.1), which request packets.
 *
 * @param senderSsrc our own SSRC
 * @param sequenceNumbers 16 bits each; the order in which they were sent, including wraps, gives
 * the shortest result
 * @returns one packet for up to 250 groups of 17 consecutive numbers; none if the list is empty
 */
export function buildGenericNacks(
  senderSsrc: number,
  mediaSsrc: number,
  sequenceNumbers: readonly number[],
): Buffer[] {
  const entries: number[] = [];
  let first = -1;
  let mask = 0;
  for (const sequenceNumber of sequenceNumbers) {
    const distance = (sequenceNumber - first) & 0xffff;
    if (first >= 0 && distance <= 16) {
      if (distance > 0) mask |= 1 << (distance - 1);
      continue;
    }
    if (first >= 0) entries.push(first * 0x10000 + mask);
    first = sequenceNumber & 0xffff;
    mask = 0;
  }
  if (first >= 0) entries.push(first * 0x10000 + mask);

  const packets: Buffer[] = [];
  for (let start = 0; start < entries.length; start += MAXIMUM_NACK_ENTRIES) {
    const part = entries.slice(start, start + MAXIMUM_NACK_ENTRIES);
    const packet = feedback(TRANSPORT_FEEDBACK_TYPE, 1, senderSsrc, mediaSsrc, part.length * 4);
    for (const [position, entry] of part.entries()) packet.writeUInt32BE(entry, 12 + position * 4);
    packets.push(packet);
  }
  return packets;
}

/**
 * The common header of feedback messages (RFC 4585 §6.1), with space for `bytes` of control
 * information.
 */
function feedback(
  type: number,
  format: number,
  senderSsrc: number,
  mediaSsrc: number,
  bytes: number,
): Buffer {
  const packet = Buffer.alloc(12 + bytes);
  packet[0] = 0x80 | format;
  packet[1] = type;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  return packet;
}
