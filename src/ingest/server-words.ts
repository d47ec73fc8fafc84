import type { WhepTarget } from './whep-target.ts';

/** Characters of a server's text that are repeated. */
const LONGEST = 200;
/** Shorter texts stand in too much that is no secret. */
const SHORTEST_SECRET = 4;

/**
 * What a WHEP server says of a refusal, as log and API may repeat it: its first line, without what we
 * gave it in confidence. Servers like to quote the request that they refuse.
 * @param text body of the reply
 */
export function serverWords(text: string, target: WhepTarget): string {
  let clean = text;
  for (const secret of secretsOf(target)) {
    clean = clean.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
  }
  clean = clean.replaceAll(/\b(Bearer|Basic)\s+[^\s"',;]+/gi, '$1 ***');
  // What a terminal would act upon, or a log take for a line of its own.
  const [line = ''] = clean.trim().split(/[\r\n\u2028\u2029]/, 1);
  return line.replaceAll(/\p{Cc}/gu, '').slice(0, LONGEST);
}

/** The longest first, since one may be part of another. */
function secretsOf({ url, token }: WhepTarget): string[] {
  const { search, searchParams, username, password } = URL.parse(url) ?? new URL('about:blank');
  return [token ?? '', search.slice(1), ...searchParams.values(), username, password]
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
}
