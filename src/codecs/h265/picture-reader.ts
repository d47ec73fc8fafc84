import type { AccessUnit } from '../../media/access-unit.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import type { LeadingKind, PictureReader, Recovery } from '../codec.ts';
import type { H265Configuration } from './configuration.ts';
import { NAL_TYPE, pictureType } from './nal-unit.ts';
import { H265ParameterSets } from './parameter-sets.ts';
import { recoveryPictures } from './recovery-point.ts';

/**
 * Removes the parameter sets from access units: an `hvc1` track has them only in its sample entry.
 */
export class H265PictureReader implements PictureReader {
  readonly #parameterSets = new H265ParameterSets();
  #configuration: H265Configuration | undefined;

  /** @param formats whose `sprop-vps`, `sprop-sps` and `sprop-pps` (RFC 7798 §7.1) are used */
  constructor(formats: readonly PayloadFormat[]) {
    for (const { codec, parameters } of formats) {
      if (codec !== 'h265') continue;
      for (const name of ['sprop-vps', 'sprop-sps', 'sprop-pps']) {
        const sets = parameters[name]?.split(',') ?? [];
        this.#parameterSets.strip(sets.map((set) => Buffer.from(set, 'base64')));
      }
    }
  }

  toSample(unit: AccessUnit): Buffer[] {
    return this.#parameterSets.strip(unit.parts);
  }

  configuration(): H265Configuration | undefined {
    if (this.#configuration === undefined || this.#parameterSets.changed) {
      this.#configuration = this.#parameterSets.current();
    }
    return this.#configuration;
  }

  /** ITU-T H.265 §7.4.2.2: of those of a BLA picture the depacketizer leaves out what is skipped. */
  leading(parts: readonly Buffer[]): LeadingKind {
    const type = pictureType(parts);
    if (type === NAL_TYPE.idrNLp || type === NAL_TYPE.blaNLp) return 'none';
    return type === NAL_TYPE.cra ? 'skipped' : 'decodable';
  }

  isRecoveryPoint(parts: readonly Buffer[]): boolean {
    return recoveryPictures(parts) !== undefined;
  }

  recover(parts: readonly Buffer[]): Recovery {
    this.#parameterSets.startAt(parts);
    // recovery_poc_cnt counts pictures in presentation order; encoders with intra refresh do not
    // reorder.
    let picturesLeft = recoveryPictures(parts) ?? 0;
    return { isWhole: () => picturesLeft-- <= 0 };
  }
}
