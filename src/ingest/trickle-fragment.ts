import { type MediaDescription, parse, write } from 'sdp-transform';
import { Refusal } from '../refusal.ts';
import { candidateAttributes } from './answer.ts';
import type { OfferedSection } from './offer.ts';
import { areIceCredentials, type IceCredentials, sdpLines } from './sdp-lines.ts';
import type { HostCandidate } from './session-socket.ts';

/** Maximum length of a fragment, UTF-16 code units. */
const MAX_FRAGMENT_LENGTH = 16_384;

/**
 * Parses the ICE credentials of a trickle ICE fragment (RFC 8840 §4.4, RFC 9725 §4.3.2). Its
 * candidates are not needed: an ice-lite agent responds to any check with the right password (RFC
 * 8445 §7.3), and resolving a browser's `.local` names would only cost time.
 * @returns `undefined` if the fragment has no credentials
 * @throws Refusal `bad-sdp` if the fragment is malformed
 */
export function readTrickleFragment(text: string): IceCredentials | undefined {
  const lines = sdpLines(text, 'trickle fragment', MAX_FRAGMENT_LENGTH);
  const known = /^(?:[mc]=|a=[a-z])/;
  const unknown = lines.find((line) => !known.test(line));
  if (unknown !== undefined) {
    throw new Refusal(
      'bad-sdp',
      `not in a trickle fragment: ${JSON.stringify(unknown.slice(0, 80))}`,
    );
  }
  const candidate = lines.find(
    (line) =>
      line.startsWith('a=candidate:') &&
      !/^a=candidate:\S+ \d+ \S+ \d+ \S+ \d+ typ \S+(?: |$)/i.test(line),
  );
  if (candidate !== undefined) {
    throw new Refusal('bad-sdp', `malformed candidate: ${JSON.stringify(candidate.slice(0, 120))}`);
  }
  const fragment = parse(lines.join('\r\n'));
  const holder = [fragment, ...fragment.media].find(
    ({ iceUfrag, icePwd }) => iceUfrag !== undefined || icePwd !== undefined,
  );
  if (holder === undefined) return undefined;
  const credentials = {
    ufrag: String(holder.iceUfrag ?? ''),
    password: String(holder.icePwd ?? ''),
  };
  if (!areIceCredentials(credentials)) {
    throw new Refusal(
      'bad-sdp',
      'the trickle fragment needs both a=ice-ufrag and a=ice-pwd, of the form RFC 8839 gives',
    );
  }
  return credentials;
}

/** Writes the fragment that answers an ICE restart (RFC 9725 §4.3.3). */
export function writeTrickleFragment(
  sections: readonly OfferedSection[],
  ice: IceCredentials,
  candidates: readonly HostCandidate[],
): string {
  const taken = sections.filter((section) => section.taken !== undefined);
  const media: MediaDescription[] = taken.map(({ media: offered, mid, taken: section }, index) => ({
    type: offered.type,
    port: 9,
    protocol: offered.protocol,
    payloads: section!.formats.map(({ payloadType }) => payloadType).join(' '),
    mid,
    iceUfrag: ice.ufrag,
    icePwd: ice.password,
    ...(index === 0
      ? { candidates: candidateAttributes(candidates), endOfCandidates: 'end-of-candidates' }
      : {}),
    rtp: [],
    fmtp: [],
  }));
  const text = write({
    version: 0,
    origin: {
      username: '-',
      sessionId: 0,
      sessionVersion: 0,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    groups: [{ type: 'BUNDLE', mids: taken.map(({ mid }) => mid).join(' ') }],
    icelite: 'ice-lite',
    iceOptions: 'trickle ice2',
    media,
  });
  // A fragment only has attributes and m= lines (RFC 8840 §9.2).
  return text.replace(/^[^am]=.*\r\n/gm, '');
}
