import { RequestError } from '../recorder.ts';

/**
 * Splits SDP text into its lines (RFC 8866 §5: `<type>=<value>`, CRLF or a lone LF). What parses
 * SDP downstream skips lines that it does not understand, so form is checked here.
 * @param what what the text is, for messages: `offer`, `trickle fragment`
 * @param maxLength longest text taken, in UTF-16 code units
 * @throws RequestError 400 when the text is empty, too long or has a line that is no SDP
 */
export function sdpLines(text: string, what: string, maxLength: number): string[] {
  if (text.length > maxLength) {
    throw new RequestError(400, `the ${what} is longer than ${maxLength} characters`);
  }
  const lines = text.split(/\r\n|\n/);
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  if (lines.length === 0) throw new RequestError(400, `the ${what} is empty`);
  for (const [index, line] of lines.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    if (!/^[a-z]=[^\u0000-\u0008\u000b-\u001f\u007f]*$/.test(line)) {
      throw new RequestError(
        400,
        `line ${index + 1} of the ${what} is not SDP: ${JSON.stringify(line.slice(0, 80))}`,
      );
    }
  }
  return lines;
}

/** ICE user fragment and password of one side (RFC 8839 §5.4). */
export interface IceCredentials {
  ufrag: string;
  password: string;
}

/** True for credentials of the form that RFC 8839 §5.4 asks for: `4*256ice-char`, `22*256ice-char`. */
export function areIceCredentials(credentials: IceCredentials): boolean {
  return (
    /^[A-Za-z0-9+/]{4,256}$/.test(credentials.ufrag) &&
    /^[A-Za-z0-9+/]{22,256}$/.test(credentials.password)
  );
}
