import type { Config } from './config.ts';

/** Characters of a token that nobody guesses: 16 of base64 are 96 bits. */
const SHORTEST_TOKEN = 16;
/** Bytes of an HS256 key: those of its hash (RFC 7518 §3.2). */
const SHORTEST_SECRET = 32;

/**
 * Tokens and secrets that can be guessed, one sentence each without any of them.
 * @returns empty where there are none, or none is too short
 */
export function weakCredentials({ tokens, secret }: Config['auth']): string[] {
  const weak = tokens.flatMap((token, index) =>
    token.length < SHORTEST_TOKEN
      ? [`auth.tokens[${index}]: shorter than ${SHORTEST_TOKEN} characters, and so can be guessed`]
      : [],
  );
  if (secret !== undefined && Buffer.byteLength(secret) < SHORTEST_SECRET) {
    weak.push(
      `auth.secret: shorter than ${SHORTEST_SECRET} bytes, and so can be found from any token (RFC 7518 §3.2)`,
    );
  }
  return weak;
}
