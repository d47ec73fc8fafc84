import { type Codec, channelsOf } from '../codecs/codec.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { carriesMedia, type PayloadFormat } from '../media/payload-format.ts';

/** A payload type of an offer, of any codec. */
export interface OfferedFormat {
  payloadType: number;
  encodingName: string;
  clockRate: number;
  channels: number | undefined;
  /** `fmtp` parameters with lower-case names. */
  parameters: Record<string, string>;
  /** For `red`: payload types of its blocks (RFC 2198 §5). */
  redundancy?: readonly number[];
}

/**
 * Why a format of a wanted codec cannot be recorded, as a sentence.
 * @returns undefined if it can be recorded, or belongs to another codec
 */
export function formatRefusal(
  codecs: readonly Codec[],
  kind: TrackKind,
  format: OfferedFormat,
): string | undefined {
  const codec = codecs.find((wanted) => isOf(wanted, kind, format));
  return codec?.description.refusal?.(format.parameters);
}

/**
 * Finds the codec of a format among the wanted ones.
 * @returns undefined if it cannot be recorded
 */
export function recordableCodec(
  codecs: readonly Codec[],
  kind: TrackKind,
  format: OfferedFormat,
): Codec | undefined {
  return codecs.find(
    (codec) => isOf(codec, kind, format) && codec.description.rank(format.parameters) > 0,
  );
}

/** Whether a format belongs to a codec, regardless of its parameters. */
function isOf({ kind: of, description }: Codec, kind: TrackKind, format: OfferedFormat): boolean {
  return (
    of === kind &&
    description.encodingName.toLowerCase() === format.encodingName.toLowerCase() &&
    description.clockRate === format.clockRate &&
    // RFC 8866 §6.6: the parameter applies only to audio; some publishers write `H264/90000/1`.
    (kind === 'video' ||
      (channelsOf(description, format.parameters) ?? 1) === (format.channels ?? 1))
  );
}

/**
 * Chooses the formats to receive in a section: those of the preferred codec with its highest rank,
 * in the order of the offer, which is that of preference (RFC 8866 §5.14), each followed by its
 * retransmission format (RFC 4588 §8.1). Empty if nothing can be recorded.
 * @param codecs the wanted codecs in order of preference
 */
export function chooseFormats(
  codecs: readonly Codec[],
  kind: TrackKind,
  offered: readonly OfferedFormat[],
): PayloadFormat[] {
  const recordable = new Map(
    offered.map((format) => [format, recordableCodec(codecs, kind, format)]),
  );
  const codec = codecs.find((wanted) => [...recordable.values()].includes(wanted));
  if (codec === undefined) return [];
  const { clockRate, rank } = codec.description;
  const candidates = offered.filter((format) => recordable.get(format) === codec);
  const best = Math.max(...candidates.map((format) => rank(format.parameters)));
  const chosen: PayloadFormat[] = [];
  for (const format of candidates) {
    if (rank(format.parameters) !== best) continue;
    const channels = channelsOf(codec.description, format.parameters);
    chosen.push({
      payloadType: format.payloadType,
      codec: codec.name,
      clockRate,
      ...(channels === undefined ? {} : { channels }),
      parameters: format.parameters,
    });
    const retransmission = offered.find(
      (other) =>
        other.encodingName.toLowerCase() === 'rtx' &&
        other.clockRate === format.clockRate &&
        Number(other.parameters.apt) === format.payloadType,
    );
    if (retransmission === undefined) continue;
    chosen.push({
      payloadType: retransmission.payloadType,
      codec: 'rtx',
      clockRate: retransmission.clockRate,
      parameters: retransmission.parameters,
      retransmits: format.payloadType,
    });
  }
  return kind === 'audio' ? [...redundancyOf(chosen, offered), ...chosen] : chosen;
}

/**
 * The format that brings sound once more with the packets after it, where it is offered for what was
 * chosen. It comes first: a publisher sends what is answered first, and lost sound is asked for again by
 * few.
 */
function redundancyOf(
  chosen: readonly PayloadFormat[],
  offered: readonly OfferedFormat[],
): PayloadFormat[] {
  const [primary] = chosen;
  const types = new Set(chosen.filter(carriesMedia).map(({ payloadType }) => payloadType));
  const red = offered.find(
    ({ redundancy, clockRate, channels }) =>
      redundancy?.every((payloadType) => types.has(payloadType)) &&
      clockRate === primary!.clockRate &&
      (channels ?? 1) === (primary!.channels ?? 1),
  );
  if (red === undefined) return [];
  const { payloadType, clockRate, channels, redundancy } = red;
  return [
    {
      ...{ payloadType, codec: 'red', clockRate, parameters: {}, redundancy: redundancy! },
      ...(channels === undefined ? {} : { channels }),
    },
  ];
}
