import type { ContainerName } from '../../media/container-name.ts';
import { TICKS_PER_SECOND, type Ticks } from '../../media/media-time.ts';
import type { ReadSampleEntry } from '../codec.ts';
import type { AudioConfiguration, SampleEntry, Silence } from '../configuration.ts';
import { writeFlacFrame } from '../flac/frame-writer.ts';

/** Samples a second (RFC 3551 §4.5.14). */
export const G711_RATE = 8000;

/** Media time of a sample. */
const SAMPLE: Ticks = TICKS_PER_SECOND / G711_RATE;

/** Of silence packets: 20 ms. */
const SILENCE_DURATION: Ticks = TICKS_PER_SECOND / 50;

/** STREAMINFO (RFC 9639 §8.2) with its header: blocks of any length of one channel, 16 bits, 8 kHz. */
const STREAM_INFO = Buffer.from(
  `80000022 0010ffff 000000 000000 01f400f000000000${'00'.repeat(16)}`.replaceAll(' ', ''),
  'hex',
);

/**
 * Sound of G.711, which no player takes from a file as it is: decoded to 16 bits, and those in FLAC. Both
 * laws become the same.
 */
export class G711Configuration implements AudioConfiguration {
  readonly kind = 'audio';
  readonly codec: string;
  readonly codecString = 'flac';
  readonly timescale = G711_RATE;
  readonly containers: readonly ContainerName[] = ['mp4'];
  readonly isLengthPrefixed = false;
  readonly channels = 1;
  readonly silence: Silence = SILENCE;

  /** @param codec name of the codec that was received */
  constructor(codec: string) {
    this.codec = codec;
  }

  equals(other: AudioConfiguration): boolean {
    return other instanceof G711Configuration;
  }

  /** `fLaC` with `dfLa` ("Encapsulation of FLAC in ISO Base Media File Format" §3.3). */
  sampleEntry(container: ContainerName): SampleEntry {
    if (container !== 'mp4') throw new RangeError(`G.711 is not written to ${container}`);
    const versionAndFlags = Buffer.alloc(4);
    return {
      type: 'fLaC',
      record: { type: 'dfLa', data: Buffer.concat([versionAndFlags, STREAM_INFO]) },
    };
  }
}

/** Reads the configuration back that {@link G711Configuration.sampleEntry} was written of. */
export function readG711Configuration(
  codec: string,
  entry: ReadSampleEntry,
): G711Configuration | undefined {
  if (entry.container !== 'mp4' || entry.type !== 'fLaC') return undefined;
  const { record } = new G711Configuration(codec).sampleEntry('mp4');
  return entry.record('dfLa')?.equals(record!.data) ? new G711Configuration(codec) : undefined;
}

/** Frames of zeros, as long as they are to last. */
const SILENCE: Silence = {
  duration: SILENCE_DURATION,
  parts(duration) {
    if (duration === SILENCE_DURATION) return USUAL_SILENCE;
    return silentFrame(Math.max(1, Math.round(duration / SAMPLE)));
  },
};

const USUAL_SILENCE = silentFrame(SILENCE_DURATION / SAMPLE);

function silentFrame(samples: number): Buffer[] {
  return [writeFlacFrame(new Int16Array(samples))];
}
