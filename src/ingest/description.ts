import { type MediaDescription, parsePayloads, type SessionDescription } from 'sdp-transform';
import type { TrackKind } from '../media/access-unit.ts';
import { carriesMedia } from '../media/payload-format.ts';
import { Refusal } from '../refusal.ts';
import type { HeaderExtensionIds, MediaSection } from '../rtp/media-section.ts';
import type { OfferedFormat } from './format-choice.ts';
import { areIceCredentials, type IceCredentials } from './sdp-lines.ts';

// What parsing an offer and parsing an answer have in common (RFC 8866, RFC 9429). `what` names the
// text in messages: `offer`, `answer`.

/** Maximum length of a description, UTF-16 code units; a browser's has 3000 to 12,000. */
export const MAX_DESCRIPTION_LENGTH = 65_536;
/** Maximum number of `m=` sections. */
const MAX_SECTIONS = 32;

/** URIs of the RTP header extensions in use, by their name in {@link HeaderExtensionIds}. */
export const HEADER_EXTENSION_URIS: Readonly<Record<keyof HeaderExtensionIds, string>> = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  videoOrientation: 'urn:3gpp:video-orientation',
};

/** A certificate fingerprint (RFC 8122 §5). */
export interface Fingerprint {
  /** Hash function as named by Node: `sha256`, `sha384`, `sha512`. */
  algorithm: string;
  digest: Buffer;
}

/** Formats that need no `a=rtpmap` (RFC 3551 §6), as far as WebRTC has them. */
const STATIC_FORMATS: Readonly<
  Record<number, Pick<OfferedFormat, 'encodingName' | 'clockRate' | 'channels'>>
> = {
  0: { encodingName: 'PCMU', clockRate: 8000, channels: undefined },
  8: { encodingName: 'PCMA', clockRate: 8000, channels: undefined },
  9: { encodingName: 'G722', clockRate: 8000, channels: undefined },
};

/** Parses fmtp parameters, with names in lower case (RFC 8866 §6.15). */
function formatParameters(config: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const part of config.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return Object.fromEntries(parameters);
}

/** The payload types that the blocks of a redundant payload have (RFC 2198 §5); undefined for anything else. */
function blockTypes(config: string): number[] | undefined {
  return /^\d{1,3}(?:\/\d{1,3}){1,8}$/.test(config) ? config.split('/').map(Number) : undefined;
}

/**
 * Checks the lines that the SDP parser skips silently if it does not understand them.
 * @throws Refusal `bad-sdp` that names the line that is missing or malformed
 */
export function checkDescription(lines: readonly string[], what: string): void {
  if (lines[0] !== 'v=0') throw new Refusal('bad-sdp', `the ${what} does not begin with v=0`);
  const firstMedia = lines.findIndex((line) => line.startsWith('m='));
  if (firstMedia < 0) throw new Refusal('bad-sdp', `the ${what} has no m= section`);
  for (const type of ['o', 's', 't']) {
    if (!lines.slice(0, firstMedia).some((line) => line.startsWith(`${type}=`))) {
      throw new Refusal('bad-sdp', `the ${what} has no ${type}= line before its first m= section`);
    }
  }
  const mediaLines = lines.filter((line) => line.startsWith('m='));
  if (mediaLines.length > MAX_SECTIONS) {
    throw new Refusal('bad-sdp', `the ${what} has more than ${MAX_SECTIONS} m= sections`);
  }
  for (const line of mediaLines) {
    const match = /^m=[a-z]+ (\d{1,5})(?:\/\d+)? [A-Za-z0-9/]+((?: \S+)+)$/.exec(line);
    if (match === null || Number(match[1]) > 65535) {
      throw new Refusal('bad-sdp', `the ${what} has a malformed line: ${JSON.stringify(line)}`);
    }
  }
  for (const line of lines) {
    if (line.startsWith('a=mid:') && !/^a=mid:[\w!#$%&'*+.^`{|}~-]{1,64}$/.test(line)) {
      throw new Refusal('bad-sdp', `the ${what} has a malformed line: ${JSON.stringify(line)}`);
    }
  }
}

/** The MIDs of `a=group:BUNDLE` (RFC 9143 §7.1); empty if absent. */
export function bundledMids(session: SessionDescription): string[] {
  const group = session.groups?.find(({ type }) => String(type).toUpperCase() === 'BUNDLE');
  return group === undefined ? [] : String(group.mids).trim().split(/\s+/);
}

/**
 * The payload types of a section that have an `a=rtpmap` or need none, without duplicates, in order
 * of preference.
 * @throws Refusal `bad-sdp` for a payload type outside 0 to 127
 */
export function sectionFormats(media: MediaDescription, what: string): OfferedFormat[] {
  const formats: OfferedFormat[] = [];
  // A line may repeat payload types, and have thousands of them.
  for (const payloadType of new Set(parsePayloads(media.payloads ?? ''))) {
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) {
      throw new Refusal('bad-sdp', `the ${what} has a payload type that is not in 0–127`);
    }
    const map = media.rtp.find(({ payload }) => payload === payloadType);
    if (map?.rate === undefined) {
      const fixed = STATIC_FORMATS[payloadType];
      if (fixed !== undefined) formats.push({ payloadType, ...fixed, parameters: {} });
      continue;
    }
    const config = String(media.fmtp.find(({ payload }) => payload === payloadType)?.config ?? '');
    const redundancy = /^red$/i.test(String(map.codec)) ? blockTypes(config) : undefined;
    formats.push({
      payloadType,
      encodingName: String(map.codec),
      clockRate: map.rate,
      channels: map.encoding === undefined ? undefined : Number(map.encoding),
      parameters: formatParameters(config),
      ...(redundancy && { redundancy }),
    });
  }
  return formats;
}

/**
 * The parameters of a section for the RTP path, according to the other side, for the formats that
 * will be received.
 */
export function mediaSection(
  kind: TrackKind,
  media: MediaDescription,
  mid: string,
  formats: MediaSection['formats'],
  session: SessionDescription,
): MediaSection {
  const primary = formats.filter(carriesMedia);
  const offers = (type: string, subtype = ''): boolean =>
    (media.rtcpFb ?? []).some(
      (feedback) =>
        String(feedback.type).toLowerCase() === type &&
        // sdp-transform returns an empty subtype if only a space follows.
        (feedback.subtype ?? '').toLowerCase() === subtype &&
        (feedback.payload === '*' ||
          primary.some(({ payloadType }) => payloadType === Number(feedback.payload))),
    );
  const pairs: [number, number][] = [];
  for (const { semantics, ssrcs } of media.ssrcGroups ?? []) {
    const [original, retransmission] = String(ssrcs).trim().split(/\s+/).map(Number);
    if (String(semantics).toUpperCase() === 'FID' && isSsrc(original) && isSsrc(retransmission)) {
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
        String(candidate.uri).toLowerCase() === uri &&
        candidate['encrypt-uri'] === undefined &&
        !/^(?:recvonly|inactive)$/i.test(candidate.direction ?? '') &&
        // RFC 8285 §4.2: identifiers of one-byte headers, the only kind that is negotiated.
        candidate.value >= 1 &&
        candidate.value <= 14,
    );
    if (extension !== undefined) ids[name as keyof HeaderExtensionIds] = extension.value;
  }
  return ids;
}

/**
 * ICE credentials of a section, or of the session if the section has none (RFC 8839 §5.4).
 * @throws Refusal `bad-sdp` if they are missing or malformed
 */
export function iceCredentials(
  session: SessionDescription,
  media: MediaDescription,
  what: string,
): IceCredentials {
  const credentials = {
    ufrag: String(media.iceUfrag ?? session.iceUfrag ?? ''),
    password: String(media.icePwd ?? session.icePwd ?? ''),
  };
  if (!areIceCredentials(credentials)) {
    throw new Refusal(
      'bad-sdp',
      `the ${what} needs a=ice-ufrag of 4 to 256 and a=ice-pwd of 22 to 256 characters of A-Z, a-z, 0-9, + and /`,
    );
  }
  return credentials;
}

/**
 * The certificate fingerprints of a section and of the session. There may be several, one per hash
 * function (RFC 8122 §5), of which sdp-transform keeps only one.
 * @param mediaIndex index of the `m=` section, from 0
 * @throws Refusal `bad-sdp` if none uses a supported hash function
 */
export function fingerprints(
  lines: readonly string[],
  mediaIndex: number,
  what: string,
): Fingerprint[] {
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
    throw new Refusal('bad-sdp', `the ${what} needs a=fingerprint with sha-256`);
  }
  return found;
}
