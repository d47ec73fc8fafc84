import {
  type MediaDescription,
  parse,
  parsePayloads,
  type SessionDescription,
} from 'sdp-transform';
import { RequestError } from '../recorder.ts';
import type { TrackKind } from '../rtp/access-unit.ts';
import type { HeaderExtensionIds, MediaSection } from '../rtp/media-section.ts';
import { chooseFormats, type OfferedFormat, RECORDABLE_CODECS } from './recordable-codecs.ts';
import { areIceCredentials, type IceCredentials, sdpLines } from './sdp-lines.ts';

/** Longest offer taken; a browser's has 3 to 12 kB. */
const MAX_OFFER_LENGTH = 65_536;
/** Most `m=` sections taken. */
const MAX_SECTIONS = 32;

/** URIs of the RTP header extensions that we use, by their name in {@link HeaderExtensionIds}. */
export const HEADER_EXTENSION_URIS: Readonly<Record<keyof HeaderExtensionIds, string>> = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
};

/** A certificate fingerprint (RFC 8122 §5). */
export interface Fingerprint {
  /** Hash function as node names it: `sha256`, `sha384`, `sha512`. */
  algorithm: string;
  digest: Buffer;
}

/** One `m=` section of an offer, and what becomes of it. */
export interface OfferedSection {
  /** As parsed, for what an answer must repeat. */
  media: MediaDescription;
  mid: string;
  /** What is received of it; `undefined` when the section is rejected. */
  taken: MediaSection | undefined;
}

/** A WHIP offer that can be recorded. */
export interface Offer {
  sections: OfferedSection[];
  /** Credentials of the offerer. */
  ice: IceCredentials;
  /** Of the offerer's DTLS certificate; one of them has to match. */
  fingerprints: Fingerprint[];
}

/**
 * Reads a WHIP offer (RFC 9725 §4.2, RFC 9429) and chooses what to receive: at most one video and
 * one audio section.
 * @throws RequestError 400 for what is no SDP or lacks what WebRTC demands of an offer, 422 for an
 * offer that we cannot record, saying what it has and what we could record
 */
export function readOffer(text: string): Offer {
  const lines = sdpLines(text, 'offer', MAX_OFFER_LENGTH);
  checkLines(lines);
  const session = parse(lines.join('\r\n'));
  const bundled = bundledMids(session);

  const sections: OfferedSection[] = session.media.map((media) => ({
    media,
    mid: media.mid === undefined ? '' : String(media.mid),
    taken: undefined,
  }));
  const mids = sections.map((section) => section.mid);
  if (new Set(mids).size !== mids.length) {
    throw new RequestError(400, 'each m= section of the offer needs its own a=mid');
  }

  for (const kind of ['video', 'audio'] as const) takeSection(kind, sections, session);
  const taken = sections.filter((section) => section.taken !== undefined);
  const first = taken[0];
  if (first === undefined) {
    throw new RequestError(
      422,
      `the offer sends neither video nor audio; we can record ${recordable('video')} and ${recordable('audio')}`,
    );
  }
  for (const section of taken) {
    if (taken.length > 1 && !bundled.includes(section.mid)) {
      throw new RequestError(400, `a=group:BUNDLE of the offer must name a=mid:${section.mid}`);
    }
    if (section.media.rtcpMux === undefined) {
      throw new RequestError(400, `section ${section.mid} of the offer needs a=rtcp-mux`);
    }
  }
  checkRoles(session, first.media);
  return {
    sections,
    ice: iceCredentials(session, first.media),
    fingerprints: fingerprints(lines, session.media.indexOf(first.media)),
  };
}

/** What a list of fmtp parameters says, names in lower case (RFC 8866 §6.15). */
function formatParameters(config: string | undefined): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const part of (config ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return Object.fromEntries(parameters);
}

function checkLines(lines: readonly string[]): void {
  if (lines[0] !== 'v=0') throw new RequestError(400, 'the offer does not begin with v=0');
  const firstMedia = lines.findIndex((line) => line.startsWith('m='));
  if (firstMedia < 0) throw new RequestError(400, 'the offer has no m= section');
  for (const type of ['o', 's', 't']) {
    if (!lines.slice(0, firstMedia).some((line) => line.startsWith(`${type}=`))) {
      throw new RequestError(400, `the offer has no ${type}= line before its first m= section`);
    }
  }
  const mediaLines = lines.filter((line) => line.startsWith('m='));
  if (mediaLines.length > MAX_SECTIONS) {
    throw new RequestError(400, `the offer has more than ${MAX_SECTIONS} m= sections`);
  }
  for (const line of mediaLines) {
    const match = /^m=[a-z]+ (\d{1,5})(?:\/\d+)? [A-Za-z0-9/]+((?: \S+)+)$/.exec(line);
    if (match === null || Number(match[1]) > 65535) {
      throw new RequestError(400, `the offer has a malformed line: ${JSON.stringify(line)}`);
    }
  }
  for (const line of lines) {
    if (line.startsWith('a=mid:') && !/^a=mid:[\w!#$%&'*+.^`{|}~-]{1,64}$/.test(line)) {
      throw new RequestError(400, `the offer has a malformed line: ${JSON.stringify(line)}`);
    }
  }
}

function bundledMids(session: SessionDescription): string[] {
  const group = session.groups?.find(({ type }) => type === 'BUNDLE');
  return group === undefined ? [] : String(group.mids).trim().split(/\s+/);
}

function sends(media: MediaDescription, session: SessionDescription): boolean {
  const direction = media.direction ?? session.direction ?? 'sendrecv';
  // RFC 8843 §6: a bundle-only section has port 0 and is offered all the same.
  const offered = media.port !== 0 || media.bundleOnly !== undefined;
  return offered && (direction === 'sendrecv' || direction === 'sendonly');
}

function takeSection(
  kind: TrackKind,
  sections: readonly OfferedSection[],
  session: SessionDescription,
): void {
  const sending = sections.filter(({ media }) => media.type === kind && sends(media, session));
  const names = new Set<string>();
  for (const section of sending) {
    if (!/^(?:UDP\/TLS\/)?RTP\/SAVPF$/.test(section.media.protocol)) {
      throw new RequestError(
        422,
        `section ${section.mid} of the offer has protocol ${section.media.protocol}; we take UDP/TLS/RTP/SAVPF`,
      );
    }
    const offered = offeredFormats(section.media);
    for (const { encodingName } of offered) {
      if (encodingName.toLowerCase() !== 'rtx') names.add(encodingName);
    }
    const formats = chooseFormats(kind, offered);
    if (formats.length === 0) continue;
    if (section.mid === '') {
      throw new RequestError(400, `the ${kind} section of the offer needs a=mid`);
    }
    section.taken = mediaSection(kind, section, formats, session);
    return;
  }
  if (sending.length > 0) {
    throw new RequestError(
      422,
      `the offer's ${kind} has ${[...names].join(', ') || 'no codec'}; we can record ${recordable(kind)}`,
    );
  }
}

function recordable(kind: TrackKind): string {
  const names = RECORDABLE_CODECS.filter((codec) => codec.kind === kind);
  return names.map((codec) => codec.description).join(', ');
}

function offeredFormats(media: MediaDescription): OfferedFormat[] {
  const formats: OfferedFormat[] = [];
  for (const payloadType of parsePayloads(media.payloads ?? '')) {
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) {
      throw new RequestError(400, `the offer has a payload type that is not in 0–127`);
    }
    const map = media.rtp.find(({ payload }) => payload === payloadType);
    if (map === undefined || map.rate === undefined) continue;
    const config = media.fmtp.find(({ payload }) => payload === payloadType)?.config;
    formats.push({
      payloadType,
      encodingName: String(map.codec),
      clockRate: map.rate,
      channels: map.encoding === undefined ? undefined : Number(map.encoding),
      parameters: formatParameters(config === undefined ? undefined : String(config)),
    });
  }
  return formats;
}

function mediaSection(
  kind: TrackKind,
  { media, mid }: OfferedSection,
  formats: MediaSection['formats'],
  session: SessionDescription,
): MediaSection {
  const primary = formats.filter(({ codec }) => codec !== 'rtx');
  const offers = (type: string, subtype?: string): boolean =>
    (media.rtcpFb ?? []).some(
      (feedback) =>
        feedback.type === type &&
        feedback.subtype === subtype &&
        (feedback.payload === '*' ||
          primary.some(({ payloadType }) => payloadType === Number(feedback.payload))),
    );
  const pairs: [number, number][] = [];
  for (const { semantics, ssrcs } of media.ssrcGroups ?? []) {
    const [original, retransmission] = String(ssrcs).trim().split(/\s+/).map(Number);
    if (semantics === 'FID' && isSsrc(original) && isSsrc(retransmission)) {
      pairs.push([original, retransmission]);
    }
  }
  const repairs = new Set(pairs.map((pair) => pair[1]));
  const announced = new Set((media.ssrcs ?? []).map(({ id }) => id).filter(isSsrc));
  return {
    mid,
    kind,
    formats,
    extensions: headerExtensions([...(session.ext ?? []), ...(media.ext ?? [])]),
    ssrcs: [...announced].sort((a, b) => Number(repairs.has(a)) - Number(repairs.has(b))),
    retransmissionSsrcs: pairs,
    feedback: {
      nack: offers('nack'),
      pli: offers('nack', 'pli'),
      fir: offers('ccm', 'fir'),
      transportCc: offers('transport-cc'),
      remb: offers('goog-remb'),
    },
  };
}

function isSsrc(value: number | undefined): value is number {
  return Number.isInteger(value) && value! >= 0 && value! <= 0xffffffff;
}

function headerExtensions(offered: NonNullable<MediaDescription['ext']>): HeaderExtensionIds {
  const ids: HeaderExtensionIds = {};
  for (const [name, uri] of Object.entries(HEADER_EXTENSION_URIS)) {
    const extension = offered.find(
      (candidate) =>
        candidate.uri === uri &&
        candidate['encrypt-uri'] === undefined &&
        candidate.direction !== 'recvonly' &&
        candidate.direction !== 'inactive' &&
        // RFC 8285 §4.2: identifiers of one-byte headers, which are all that we agree to.
        candidate.value >= 1 &&
        candidate.value <= 14,
    );
    if (extension !== undefined) ids[name as keyof HeaderExtensionIds] = extension.value;
  }
  return ids;
}

function checkRoles(session: SessionDescription, media: MediaDescription): void {
  const setup = media.setup ?? session.setup;
  if (setup !== 'actpass' && setup !== 'active') {
    // RFC 9725 §4.4.1; we are always the DTLS server.
    throw new RequestError(400, 'the offer needs a=setup:actpass or a=setup:active');
  }
  if (session.icelite !== undefined) {
    throw new RequestError(422, 'the offer is ice-lite and so are we: nobody would begin');
  }
}

function iceCredentials(session: SessionDescription, media: MediaDescription): IceCredentials {
  const credentials = {
    ufrag: String(media.iceUfrag ?? session.iceUfrag ?? ''),
    password: String(media.icePwd ?? session.icePwd ?? ''),
  };
  if (!areIceCredentials(credentials)) {
    throw new RequestError(
      400,
      'the offer needs a=ice-ufrag of 4 to 256 and a=ice-pwd of 22 to 256 characters of A-Z, a-z, 0-9, + and /',
    );
  }
  return credentials;
}

// There may be several of them, one a hash function (RFC 8122 §5), of which sdp-transform keeps one.
function fingerprints(lines: readonly string[], mediaIndex: number): Fingerprint[] {
  const found: Fingerprint[] = [];
  let index = -1;
  for (const line of lines) {
    if (line.startsWith('m=')) index++;
    if (index !== -1 && index !== mediaIndex) continue;
    const match = /^a=fingerprint:sha-(256|384|512) ((?:[0-9a-f]{2}:)+[0-9a-f]{2})\s*$/i.exec(line);
    if (match === null) continue;
    const digest = Buffer.from(match[2]!.replaceAll(':', ''), 'hex');
    if (digest.length * 8 === Number(match[1])) {
      found.push({ algorithm: `sha${match[1]}`, digest });
    }
  }
  if (found.length === 0) {
    throw new RequestError(400, 'the offer needs a=fingerprint with sha-256');
  }
  return found;
}
