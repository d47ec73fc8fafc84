import type { Config } from './config.ts';

/** Minimum length of a token that cannot be guessed: 16 characters of base64 are 96 bits. */
const SHORTEST_TOKEN = 16;
/** Minimum length of an HS256 key, bytes: that of its hash (RFC 7518 §3.2). */
const SHORTEST_SECRET = 32;

/**
 * Tokens and secrets that can be guessed, one sentence each, without the values.
 * @returns empty if there are none, or all are long enough
 */
export function weakCredentials({ tokens, secret }: Config['auth']): string[] {
  const weak = tokens.flatMap((token, index) =>
    token.length < SHORTEST_TOKEN
      ? [`auth.tokens[${index}]: shorter than ${SHORTEST_TOKEN} characters, so it can be guessed`]
      : [],
  );
  if (secret !== undefined && Buffer.byteLength(secret) < SHORTEST_SECRET) {
    weak.push(
      `auth.secret: shorter than ${SHORTEST_SECRET} bytes, so it can be computed from any token (RFC 7518 §3.2)`,
    );
  }
  return weak;
}
