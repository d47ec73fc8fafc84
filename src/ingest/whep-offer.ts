import { type MediaDescription, type SessionDescription, write } from 'sdp-transform';
import { type Codec, channelsOf } from '../codecs/codec.ts';
import { CODECS, codecNamed } from '../codecs/registry.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { PayloadFormat } from '../media/payload-format.ts';
import { HEADER_EXTENSION_URIS } from './description.ts';
import { recordableCodec } from './format-choice.ts';
import type { IceCredentials } from './sdp-lines.ts';
import { sessionLevel } from './session-level.ts';
import { G711_FORMATS, type UnrecordableFormat } from './unrecordable-audio.ts';

/** An `m=` section that we offer. */
export interface WantedSection {
  mid: string;
  kind: TrackKind;
  formats: readonly PayloadFormat[];
  /** Formats that are offered last, to learn whether the server has nothing else. */
  unrecordable: readonly UnrecordableFormat[];
}

/** Our parameters of an offer. */
export interface OfferParameters {
  ice: IceCredentials;
  /** Values of `a=candidate`. */
  candidates: readonly string[];
  /** SHA-256 of our DTLS certificate in the format of `a=fingerprint`: `AB:CD:…`. */
  fingerprint: string;
}

/** Header extensions that are of use in one direction, by their identifiers; some are of pictures. */
const EXTENSIONS = [
  [1, HEADER_EXTENSION_URIS.mid],
  [2, HEADER_EXTENSION_URIS.transportCc],
  [3, HEADER_EXTENSION_URIS.absSendTime],
] as const;
const VIDEO_EXTENSIONS = [...EXTENSIONS, [4, HEADER_EXTENSION_URIS.videoOrientation]] as const;

/** RFC 3551 §6: the first and the last dynamic payload type. */
const FIRST_PAYLOAD_TYPE = 96;
const LAST_PAYLOAD_TYPE = 127;

/** What a WHEP server is asked for if everything that can be recorded is wanted. */
export const WANTED_SECTIONS: readonly WantedSection[] = wantedSections(CODECS);

/**
 * Offers to send one after the other to a server that refuses them: some servers refuse a section
 * for which their stream has no media.
 * @param codecs the wanted codecs in order of preference
 */
export function offersOf(codecs: readonly Codec[]): readonly (readonly WantedSection[])[] {
  const sections = wantedSections(codecs);
  return [sections, ...sections.map((section) => [section])];
}

/**
 * Writes the offer of a WHEP client (draft-ietf-wish-whep §4.2, RFC 9429 §5.2.1): receive only,
 * everything bundled on one transport, either DTLS role.
 */
export function writeOffer(
  parameters: OfferParameters,
  wanted: readonly WantedSection[] = WANTED_SECTIONS,
): string {
  const session: SessionDescription = {
    ...sessionLevel(wanted.map(({ mid }) => mid)),
    media: wanted.map((section) => offeredSection(section, parameters)),
  };
  // Candidates may have extensions that sdp-transform does not support.
  const candidates = parameters.candidates.map((candidate) => `a=candidate:${candidate}\r\n`);
  return write(session).replaceAll(/^a=mid:.*\r\n/gm, (line) => line + candidates.join(''));
}

/**
 * One video and one audio section with all the given codecs.
 * @throws RangeError for more formats than there are dynamic payload types
 */
function wantedSections(codecs: readonly Codec[]): WantedSection[] {
  let payloadType = FIRST_PAYLOAD_TYPE;
  const next = () => {
    if (payloadType > LAST_PAYLOAD_TYPE) {
      throw new RangeError(`formats for payload types above ${LAST_PAYLOAD_TYPE}`);
    }
    return payloadType++;
  };
  return (['video', 'audio'] as const).map((kind, index) => {
    const formats: PayloadFormat[] = [];
    for (const { kind: of, name: codec, description } of codecs) {
      if (of !== kind) continue;
      const { clockRate } = description;
      for (const parameters of description.wanted) {
        const channels = channelsOf(description, parameters);
        const retransmits = description.payloadType ?? next();
        formats.push({
          payloadType: retransmits,
          codec,
          clockRate,
          ...(channels === undefined ? {} : { channels }),
          parameters: { ...parameters },
        });
        // RFC 4588 §8.6; nobody retransmits audio in a format of its own.
        if (kind === 'audio') continue;
        const apt = { apt: String(retransmits) };
        formats.push({
          payloadType: next(),
          codec: 'rtx',
          clockRate,
          parameters: apt,
          retransmits,
        });
      }
    }
    const unrecordable = G711_FORMATS.filter(
      (format) => format.kind === kind && recordableCodec(codecs, kind, format) === undefined,
    );
    return { mid: String(index), kind, formats, unrecordable };
  });
}

function offeredSection(
  { mid, kind, formats, unrecordable }: WantedSection,
  { ice, fingerprint }: OfferParameters,
): MediaDescription {
  return {
    type: kind,
    port: 9,
    protocol: 'UDP/TLS/RTP/SAVPF',
    payloads: [...formats, ...unrecordable].map(({ payloadType }) => payloadType).join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    mid,
    direction: 'recvonly',
    rtcpMux: 'rtcp-mux',
    rtcpRsize: 'rtcp-rsize',
    setup: 'actpass',
    iceUfrag: ice.ufrag,
    icePwd: ice.password,
    fingerprint: { type: 'sha-256', hash: fingerprint },
    ext: (kind === 'video' ? VIDEO_EXTENSIONS : EXTENSIONS).map(([value, uri]) => ({ value, uri })),
    rtp: [
      ...formats.map(({ payloadType, codec, clockRate, channels }) => ({
        payload: payloadType,
        codec: codecNamed(codec)?.description.encodingName ?? codec,
        rate: clockRate,
        ...(channels === undefined ? {} : { encoding: channels }),
      })),
      ...unrecordable.map(({ payloadType, encodingName, clockRate }) => ({
        payload: payloadType,
        codec: encodingName,
        rate: clockRate,
      })),
    ],
    fmtp: formats.flatMap(({ payloadType, parameters }) => {
      const config = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
      return config.length === 0 ? [] : [{ payload: payloadType, config: config.join(';') }];
    }),
    rtcpFb: formats.flatMap(({ payloadType, codec }) => feedback(kind, payloadType, codec)),
  };
}

// RFC 4585 §4.2, RFC 5104 §7.1; feedback applies to the original stream (RFC 4588 §6.3).
function feedback(
  kind: TrackKind,
  payload: number,
  codec: PayloadFormat['codec'],
): NonNullable<MediaDescription['rtcpFb']> {
  if (codec === 'rtx') return [];
  if (kind === 'audio')
    return [
      { payload, type: 'transport-cc' },
      { payload, type: 'nack' },
    ];
  return [
    { payload, type: 'goog-remb' },
    { payload, type: 'transport-cc' },
    { payload, type: 'ccm', subtype: 'fir' },
    { payload, type: 'nack' },
    { payload, type: 'nack', subtype: 'pli' },
  ];
}
