import { isIP } from 'node:net';
import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { CODECS } from '../codecs/registry.ts';
import type { PayloadFormat } from '../media/payload-format.ts';
import { Refusal } from '../refusal.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import {
  bundledMids,
  checkDescription,
  type Fingerprint,
  fingerprints,
  iceCredentials,
  MAX_DESCRIPTION_LENGTH,
  mediaSection,
  sectionFormats,
} from './description.ts';
import { type OfferedFormat, recordableCodec } from './format-choice.ts';
import { sdpLines } from './sdp-lines.ts';
import { type UnrecordableFormat, unrecordableInWords } from './unrecordable-audio.ts';
import type { RemoteIce } from './werift-ice.ts';
import type { DtlsRole } from './werift-tap.ts';
import { WhepError } from './whep-error.ts';
import { WANTED_SECTIONS, type WantedSection } from './whep-offer.ts';

/** Maximum number of candidates used from an answer. */
const MAX_CANDIDATES = 64;

/** A server's answer to our offer. */
export interface WhepAnswer {
  /** What the server sends, one entry per accepted section. */
  sections: MediaSection[];
  /** Formats that the server may also send and that cannot be recorded. */
  unrecordable: UnrecordableFormat[];
  ice: RemoteIce;
  /** Fingerprints of the server's DTLS certificate, one of which must match. */
  fingerprints: Fingerprint[];
  /** Our role in the DTLS handshake. */
  dtlsRole: DtlsRole;
}

/**
 * Parses the answer to the offer of `writeOffer` (RFC 9429 §5.3.1, RFC 3264 §6).
 * @param wanted the offered sections
 * @throws WhepError `bad-answer` if the text is not SDP, does not answer our offer, or accepts
 * nothing of it
 */
export function readAnswer(
  text: string,
  wanted: readonly WantedSection[] = WANTED_SECTIONS,
): WhepAnswer {
  try {
    return read(text, wanted);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new WhepError('bad-answer', error.message);
  }
}

function read(text: string, offered: readonly WantedSection[]): WhepAnswer {
  const lines = sdpLines(text, 'answer', MAX_DESCRIPTION_LENGTH);
  checkDescription(lines, 'answer');
  const session = parse(lines.join('\r\n'));
  if (session.media.length !== offered.length) {
    throw unfit(`has ${session.media.length} m= sections; the offer has ${offered.length}`);
  }
  const taken: MediaDescription[] = [];
  const sections: MediaSection[] = [];
  const unrecordable: UnrecordableFormat[] = [];
  for (const [index, wanted] of offered.entries()) {
    const media = session.media[index]!;
    checkSection(media, wanted);
    if (!sends(media, session)) continue;
    const answered = sectionFormats(media, 'answer');
    const others = wanted.unrecordable.filter((format) => isAmong(answered, format));
    unrecordable.push(...others);
    const taking = formats(answered, wanted, others);
    if (taking.length === 0) continue;
    if (media.rtcpMux === undefined) throw unfit(`needs a=rtcp-mux in its ${wanted.kind} section`);
    taken.push(media);
    sections.push(mediaSection(wanted.kind, media, wanted.mid, taking, session));
  }
  const [first] = taken;
  if (first === undefined) {
    const [other] = unrecordable;
    if (other) throw new WhepError('bad-answer', unrecordableInWords(other.encodingName));
    throw unfit('sends neither video nor audio');
  }
  const bundled = bundledMids(session);
  if (taken.length > 1 && !sections.every(({ mid }) => bundled.includes(mid))) {
    throw unfit('needs a=group:BUNDLE with both of its sections');
  }
  return {
    sections,
    unrecordable,
    ice: {
      ...iceCredentials(session, first, 'answer'),
      lite: session.icelite !== undefined,
      candidates: candidates(lines),
    },
    fingerprints: fingerprints(lines, session.media.indexOf(first), 'answer'),
    dtlsRole: dtlsRole(session, first),
  };
}

function unfit(what: string): WhepError {
  return new WhepError('bad-answer', `the answer ${what}`);
}

function checkSection(media: MediaDescription, { kind, mid }: WantedSection): void {
  if (media.type !== kind) throw unfit(`has a section ${media.type} where the offer has ${kind}`);
  if (media.mid !== undefined && String(media.mid) !== mid) {
    throw unfit(`has a=mid:${media.mid} where the offer has a=mid:${mid}`);
  }
}

function sends(media: MediaDescription, session: SessionDescription): boolean {
  const direction = media.direction ?? session.direction ?? 'sendrecv';
  return media.port !== 0 && (direction === 'sendonly' || direction === 'sendrecv');
}

function isAmong(formats: readonly OfferedFormat[], other: UnrecordableFormat): boolean {
  return formats.some(
    ({ payloadType, encodingName }) =>
      payloadType === other.payloadType && encodingName.toUpperCase() === other.encodingName,
  );
}

/**
 * The formats of a section that can be recorded; each must be in the offer with the same number.
 * Empty if none can be recorded.
 */
function formats(
  all: readonly OfferedFormat[],
  { kind, formats }: WantedSection,
  others: readonly UnrecordableFormat[],
): PayloadFormat[] {
  const recordable = all.filter(
    (format) => !others.some(({ payloadType }) => payloadType === format.payloadType),
  );
  const answered = recordable.map((format) => {
    const offered = formats.find(({ payloadType }) => payloadType === format.payloadType);
    if (offered === undefined || !isSame(kind, format, offered)) {
      throw unfit(
        `has ${kind} ${format.encodingName} as payload type ${format.payloadType}, which was not offered`,
      );
    }
    return { ...offered, parameters: { ...offered.parameters, ...format.parameters } };
  });
  if (!answered.some(({ codec }) => codec !== 'rtx') && others.length === 0) {
    throw unfit(`has no codec for its ${kind}`);
  }
  return answered;
}

function isSame(
  kind: WantedSection['kind'],
  answered: OfferedFormat,
  offered: PayloadFormat,
): boolean {
  if (offered.codec === 'rtx') {
    return (
      answered.encodingName.toLowerCase() === 'rtx' &&
      Number(answered.parameters.apt) === offered.retransmits
    );
  }
  return recordableCodec(CODECS, kind, answered)?.name === offered.codec;
}

// RFC 8839 §5.1, without extensions. Only UDP, and no host names: `.local` names would need
// multicast to resolve, and a server knows its addresses.
function candidates(lines: readonly string[]): string[] {
  const found = new Set<string>();
  for (const line of lines) {
    const match = /^a=candidate:(\S+ 1 udp \d+ (\S+) \d+ typ (?:host|srflx|relay))\b/i.exec(line);
    if (match !== null && isIP(match[2]!) !== 0 && found.size < MAX_CANDIDATES) {
      found.add(match[1]!.toLowerCase());
    }
  }
  return [...found];
}

// RFC 8842 §5.3: the answerer chooses.
function dtlsRole(session: SessionDescription, media: MediaDescription): DtlsRole {
  const setup = (media.setup ?? session.setup)?.toLowerCase();
  if (setup === 'active') return 'server';
  if (setup === 'passive') return 'client';
  throw unfit('needs a=setup:active or a=setup:passive');
}
