import type { AudioCodec } from '../codec.ts';
import { flacSamples, isFlacFrameWhole } from '../flac/frame-header.ts';
import { MOST_SAMPLES } from '../flac/frame-writer.ts';
import { PacketDepacketizer } from '../packet-depacketizer.ts';
import { G711_RATE, G711Configuration, readG711Configuration } from './configuration.ts';
import type { Law } from './expansion.ts';
import { G711Reader } from './sound-reader.ts';

/** G.711 of µ-law over RTP (RFC 3551 §4.5.14). */
export const pcmu = g711('pcmu', 'mu', 0);
/** G.711 of A-law. */
export const pcma = g711('pcma', 'a', 8);

function g711(name: string, law: Law, payloadType: number): AudioCodec {
  return {
    name,
    kind: 'audio',
    description: {
      encodingName: name.toUpperCase(),
      clockRate: G711_RATE,
      payloadType,
      inWords: `${name.toUpperCase()} (8000)`,
      wanted: [{}],
      rank: () => 1,
      answerParameters: () => ({}),
    },
    createDepacketizer: (_format, emit) => new PacketDepacketizer(name, isPacket, emit),
    createReader: () => new G711Reader(name, law),
    configurationOf: (channels) => (channels === 1 ? new G711Configuration(name) : undefined),
    isNamedBy: (codecString) => codecString.toLowerCase() === 'flac',
    readConfiguration: (entry) => readG711Configuration(name, entry),
    sampleProblem: (sample) =>
      flacSamples(sample) !== undefined && isFlacFrameWhole(sample)
        ? undefined
        : 'is not a FLAC frame of one channel at 8 kHz (RFC 9639 §9)',
  };
}

/** A packet has as many samples as it likes, each a byte. */
function isPacket({ length }: Buffer): boolean {
  return length >= 1 && length <= MOST_SAMPLES;
}
