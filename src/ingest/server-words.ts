import type { WhepTarget } from './whep-target.ts';

/** Maximum number of characters of a server's text that is shown. */
const LONGEST = 200;
/** Shorter secrets occur too often in ordinary text. */
const SHORTEST_SECRET = 4;

/**
 * The reason that a WHEP server gives for a refusal, fit for log and API: the first line, without
 * our secrets, because servers tend to quote the request.
 * @param text body of the reply
 */
export function serverWords(text: string, target: WhepTarget): string {
  let clean = text;
  for (const secret of secretsOf(target)) {
    clean = clean.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
  }
  clean = clean.replaceAll(/\b(Bearer|Basic)\s+[^\s"',;]+/gi, '$1 ***');
  // Removes control characters, which a terminal would execute and a log would break lines at.
  const [line = ''] = clean.trim().split(/[\r\n\u2028\u2029]/, 1);
  return line.replaceAll(/\p{Cc}/gu, '').slice(0, LONGEST);
}

/** The longest first, because one may be part of another. */
function secretsOf({ url, token }: WhepTarget): string[] {
  const { search, searchParams, username, password } = URL.parse(url) ?? new URL('about:blank');
  return [token ?? '', search.slice(1), ...searchParams.values(), username, password]
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
}
