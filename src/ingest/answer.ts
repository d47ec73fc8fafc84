import { type MediaDescription, type SessionDescription, write } from 'sdp-transform';
import { codecNamed } from '../codecs/registry.ts';
import { carriesMedia, type PayloadFormat } from '../media/payload-format.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { HEADER_EXTENSION_URIS } from './description.ts';
import type { Offer, OfferedSection } from './offer.ts';
import type { IceCredentials } from './sdp-lines.ts';
import { sessionLevel } from './session-level.ts';
import type { HostCandidate } from './session-socket.ts';
import { answeredLayers } from './simulcast.ts';

/** Our parameters of an answer. */
export interface AnswerParameters {
  ice: IceCredentials;
  candidates: readonly HostCandidate[];
  /** SHA-256 of our DTLS certificate in the format of `a=fingerprint`: `AB:CD:…`. */
  fingerprint: string;
}

/**
 * Writes the answer to an offer (RFC 9429 §5.3.1, RFC 9725 §4.2): ice-lite, receive only,
 * everything bundled on one transport, with all candidates. Sections that are not accepted are
 * rejected with port 0.
 */
export function writeAnswer(offer: Offer, parameters: AnswerParameters): string {
  const taken = offer.sections.filter((section) => section.taken !== undefined);
  const session: SessionDescription = {
    ...sessionLevel(taken.map(({ mid }) => mid)),
    icelite: 'ice-lite',
    media: offer.sections.map((section) =>
      section.taken === undefined
        ? rejectedSection(section)
        : answeredSection(offer, section, section.taken, parameters, section === taken[0]),
    ),
  };
  return write(session);
}

/** Formats host candidates as values of `a=candidate` (RFC 8839 §5.1). */
export function candidateAttributes(
  candidates: readonly HostCandidate[],
): NonNullable<MediaDescription['candidates']> {
  return candidates.map((candidate, index) => ({
    foundation: String(index + 1),
    component: 1,
    transport: 'udp',
    // RFC 8445 §5.1.2.1: type preference 126 (host), local preferences in the given order.
    priority: 126 * 2 ** 24 + (65535 - index) * 2 ** 8 + 255,
    ip: candidate.address,
    port: candidate.port,
    type: 'host',
  }));
}

function rejectedSection({ media, mid }: OfferedSection): MediaDescription {
  return {
    type: media.type,
    port: 0,
    protocol: media.protocol,
    payloads: String(media.payloads),
    connection: { version: 4, ip: '0.0.0.0' },
    direction: 'inactive',
    ...(mid === '' ? {} : { mid }),
    rtp: [],
    fmtp: [],
  };
}

function answeredSection(
  { dtlsRole }: Offer,
  { media, mid }: OfferedSection,
  taken: MediaSection,
  { ice, candidates, fingerprint }: AnswerParameters,
  carriesCandidates: boolean,
): MediaDescription {
  return {
    type: taken.kind,
    port: 9,
    protocol: media.protocol,
    payloads: taken.formats.map(({ payloadType }) => payloadType).join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    mid,
    direction: 'recvonly',
    rtcpMux: 'rtcp-mux',
    ...(media.rtcpRsize === undefined ? {} : { rtcpRsize: media.rtcpRsize }),
    setup: dtlsRole === 'server' ? 'passive' : 'active',
    iceUfrag: ice.ufrag,
    icePwd: ice.password,
    fingerprint: { type: 'sha-256', hash: fingerprint },
    ...(carriesCandidates
      ? { candidates: candidateAttributes(candidates), endOfCandidates: 'end-of-candidates' }
      : {}),
    ext: Object.entries(taken.extensions).map(([name, value]) => ({
      value,
      uri: HEADER_EXTENSION_URIS[name as keyof typeof HEADER_EXTENSION_URIS],
    })),
    rtp: taken.formats.map((format) => rtpMap(media, format)),
    fmtp: taken.formats.flatMap(formatParameters),
    rtcpFb: taken.formats.flatMap((format) => feedback(taken, format)),
    ...answeredLayers(media, taken.layers),
  };
}

function rtpMap(media: MediaDescription, format: PayloadFormat): MediaDescription['rtp'][number] {
  // A payload type of RFC 3551 §6 needs no line of its own in the offer.
  const offered = media.rtp.find(({ payload }) => payload === format.payloadType);
  return {
    payload: format.payloadType,
    codec: offered?.codec ?? codecNamed(format.codec)!.description.encodingName,
    rate: format.clockRate,
    ...(format.channels === undefined ? {} : { encoding: format.channels }),
  };
}

function formatParameters(format: PayloadFormat): MediaDescription['fmtp'] {
  const { payloadType: payload, redundancy } = format;
  if (redundancy !== undefined) return [{ payload, config: redundancy.join('/') }];
  const description = codecNamed(format.codec)?.description;
  const parameters = description?.answerParameters(format.parameters) ?? {
    apt: String(format.retransmits),
  };
  const config = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return config.length === 0 ? [] : [{ payload, config: config.join(';') }];
}

// RFC 4588 §6.3: feedback is about the original stream, so 'rtx' formats have none; 'red' is like them.
function feedback(
  { feedback: agreed }: MediaSection,
  format: PayloadFormat,
): NonNullable<MediaDescription['rtcpFb']> {
  if (!carriesMedia(format)) return [];
  const { payloadType: payload } = format;
  return [
    ...(agreed.remb ? [{ payload, type: 'goog-remb' }] : []),
    ...(agreed.transportCc ? [{ payload, type: 'transport-cc' }] : []),
    ...(agreed.fir ? [{ payload, type: 'ccm', subtype: 'fir' }] : []),
    ...(agreed.nack ? [{ payload, type: 'nack' }] : []),
    ...(agreed.pli ? [{ payload, type: 'nack', subtype: 'pli' }] : []),
  ];
}
