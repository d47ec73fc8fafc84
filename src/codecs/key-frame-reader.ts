import type { AccessUnit } from '../media/access-unit.ts';
import type { LeadingKind, PictureReader, Recovery } from './codec.ts';
import type { VideoConfiguration } from './configuration.ts';

/**
 * Reads the pictures of a codec whose keyframes contain the whole decoder configuration and are
 * stored unchanged. Decoding can only start at keyframes.
 */
export class KeyFrameReader<C extends VideoConfiguration> implements PictureReader {
  readonly #read: (parts: readonly Buffer[]) => C | undefined;
  #configuration: C | undefined;

  /** @param read reads the configuration of a keyframe */
  constructor(read: (parts: readonly Buffer[]) => C | undefined) {
    this.#read = read;
  }

  toSample(unit: AccessUnit): Buffer[] {
    if (unit.keyframe) this.#note(unit.parts);
    return unit.parts;
  }

  configuration(): C | undefined {
    return this.#configuration;
  }

  leading(): LeadingKind {
    return 'none';
  }

  isRecoveryPoint(): boolean {
    return false;
  }

  recover(): Recovery {
    return { isWhole: () => true };
  }

  #note(parts: readonly Buffer[]): void {
    const read = this.#read(parts);
    if (read === undefined) return;
    if (this.#configuration === undefined || !this.#configuration.equals(read)) {
      this.#configuration = read;
    }
  }
}
