/** What an Ogg Opus file holds (RFC 7845). */
export interface OggOpus {
  /** Samples at 48 kHz that a player drops at the beginning (RFC 7845 §4.2). */
  preSkip: number;
  channels: number;
  /** The Opus packets, without the two header packets. */
  packets: Buffer[];
}

/**
 * Reads an Ogg file with one Opus stream (RFC 3533 §6, RFC 7845 §5.1).
 * @throws Error when the file is not Ogg or the stream is not Opus
 */
export function readOggOpus(file: Buffer): OggOpus {
  const packets: Buffer[] = [];
  let partial: Buffer[] = [];
  let offset = 0;
  while (offset < file.length) {
    if (file.toString('latin1', offset, offset + 4) !== 'OggS') {
      throw new Error(`no Ogg page at byte ${offset}`);
    }
    const lacing = file.subarray(offset + 27, offset + 27 + file[offset + 26]!);
    let position = offset + 27 + lacing.length;
    for (const length of lacing) {
      partial.push(file.subarray(position, position + length));
      position += length;
      // A lacing value below 255 ends a packet; 255 says that it goes on.
      if (length < 255) {
        packets.push(Buffer.concat(partial));
        partial = [];
      }
    }
    offset = position;
  }
  const head = packets[0];
  if (head?.toString('latin1', 0, 8) !== 'OpusHead') throw new Error('no OpusHead');
  return { preSkip: head.readUInt16LE(10), channels: head[9]!, packets: packets.slice(2) };
}
