import type { AccessUnit } from '../../media/access-unit.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import type { LeadingKind, PictureReader, Recovery } from '../codec.ts';
import type { H264Configuration } from './configuration.ts';
import { H264ParameterSets } from './parameter-sets.ts';
import { FrameCountdown, recoveryFrames } from './recovery-point.ts';

/**
 * Removes the parameter sets from access units: an `avc1` track has them only in its sample entry.
 */
export class H264PictureReader implements PictureReader {
  readonly #parameterSets = new H264ParameterSets();
  #configuration: H264Configuration | undefined;

  /** @param formats whose `sprop-parameter-sets` (RFC 6184 §8.1) are used */
  constructor(formats: readonly PayloadFormat[]) {
    for (const format of formats) {
      const sets = format.parameters['sprop-parameter-sets'];
      if (format.codec !== 'h264' || sets === undefined) continue;
      this.#parameterSets.strip(sets.split(',').map((set) => Buffer.from(set, 'base64')));
    }
  }

  toSample(unit: AccessUnit): Buffer[] {
    return this.#parameterSets.strip(unit.parts);
  }

  configuration(): H264Configuration | undefined {
    if (this.#configuration === undefined || this.#parameterSets.changed) {
      this.#configuration = this.#parameterSets.current();
    }
    return this.#configuration;
  }

  /** A keyframe is an IDR picture: all that comes after it is shown after it (ITU-T H.264 §8.2.1). */
  leading(): LeadingKind {
    return 'none';
  }

  isRecoveryPoint(parts: readonly Buffer[]): boolean {
    return recoveryFrames(parts) !== undefined;
  }

  recover(parts: readonly Buffer[]): Recovery {
    this.#parameterSets.startAt(parts);
    return new FrameCountdown(recoveryFrames(parts) ?? 0);
  }
}
