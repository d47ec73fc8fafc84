import { Refusal } from '../refusal.ts';

/**
 * Splits SDP text into lines (RFC 8866 §5: `<type>=<value>`, CRLF or a lone LF). The SDP parser
 * skips lines that it does not understand, so the syntax is checked here, and common deviations are
 * corrected: see {@link plainLine}.
 * @param what name of the text in messages: `offer`, `trickle fragment`
 * @param maxLength maximum length, UTF-16 code units
 * @throws Refusal `bad-sdp` if the text is empty or too long, or has a line that is not SDP
 */
export function sdpLines(text: string, what: string, maxLength: number): string[] {
  if (text.length > maxLength) {
    throw new Refusal('bad-sdp', `the ${what} is longer than ${maxLength} characters`);
  }
  const lines: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trimEnd();
    if (line === '') continue;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    if (!/^[a-z]=[^\u0000-\u0008\u000b-\u001f\u007f]*$/.test(line)) {
      throw new Refusal(
        'bad-sdp',
        `line ${index + 1} of the ${what} is not SDP: ${JSON.stringify(line.slice(0, 80))}`,
      );
    }
    lines.push(plainLine(line));
  }
  if (lines.length === 0) throw new Refusal('bad-sdp', `the ${what} is empty`);
  return lines;
}

/**
 * Rewrites a line according to the grammar of RFC 8866 §9: values are separated by one space, no
 * space follows the name of an attribute or surrounds the `/` of an `a=rtpmap`, and names of
 * attributes and the kind of an `m=` section are in lower case. Publishers deviate from all of
 * these: pion ends `a=rtcp-fb:96 nack ` with a space.
 */
function plainLine(line: string): string {
  const spaced = line.replace(/[ \t]+/g, ' ');
  if (spaced.startsWith('m='))
    return spaced.replace(/^m= ?\w+/, (kind) => kind.toLowerCase().replace(' ', ''));
  if (!spaced.startsWith('a=')) return spaced;
  const colon = spaced.indexOf(':');
  if (colon < 0) return spaced.toLowerCase();
  const name = spaced.slice(0, colon).trimEnd().toLowerCase();
  const value = spaced.slice(colon + 1).trimStart();
  return `${name}:${name === 'a=rtpmap' ? value.replaceAll(/ ?\/ ?/g, '/') : value}`;
}

/** ICE user fragment and password of one side (RFC 8839 §5.4). */
export interface IceCredentials {
  ufrag: string;
  password: string;
}

/** True if the credentials match RFC 8839 §5.4: `4*256ice-char`, `22*256ice-char`. */
export function areIceCredentials(credentials: IceCredentials): boolean {
  return (
    /^[A-Za-z0-9+/]{4,256}$/.test(credentials.ufrag) &&
    /^[A-Za-z0-9+/]{22,256}$/.test(credentials.password)
  );
}
