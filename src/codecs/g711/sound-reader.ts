import type { AccessUnit } from '../../media/access-unit.ts';
import type { SoundReader } from '../codec.ts';
import { flacSamples } from '../flac/frame-header.ts';
import { writeFlacFrame } from '../flac/frame-writer.ts';
import { G711Configuration } from './configuration.ts';
import { EXPANSION, type Law } from './expansion.ts';

/** Makes a frame of FLAC of each packet. */
export class G711Reader implements SoundReader {
  readonly configuration: G711Configuration;
  readonly #expansion: Int16Array;
  #samples = new Int16Array(0);

  /** @param codec name of the codec in the registry */
  constructor(codec: string, law: Law) {
    this.configuration = new G711Configuration(codec);
    this.#expansion = EXPANSION[law];
  }

  toSample({ parts }: AccessUnit): Buffer[] {
    const packet = parts[0]!;
    const { length } = packet;
    if (this.#samples.length < length) this.#samples = new Int16Array(length);
    const samples = this.#samples.subarray(0, length);
    for (let i = 0; i < length; i++) samples[i] = this.#expansion[packet[i]!]!;
    return [writeFlacFrame(samples)];
  }

  durationOf([frame]: readonly Buffer[]): number | undefined {
    return frame && flacSamples(frame);
  }
}
