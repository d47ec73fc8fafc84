/** Keys whose values open something: tokens, secrets, credentials and access keys. */
const SECRET_KEY = /token|secret|credential|password|access_?key/i;
/** A part of a path that is a key, as in the addresses of many webhooks: long, letters and digits. */
const LIKE_A_KEY = /^(?=.*\d)(?=.*[a-z])[\w-]{20,}$/i;
/** Shorter values are words that a line may contain by chance. */
const SHORTEST = 8;

/**
 * All secrets of a configuration, the longest first: values of keys that name one, and what URLs have
 * before the host, in the query, and as keys in the path. They are found by the names of keys, so that a table of the
 * configuration that is added later is covered too.
 */
export function secretsIn(config: object): string[] {
  const found = new Set<string>();
  collect(config, false, found);
  return [...found].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length);
}

function collect(value: unknown, isSecret: boolean, found: Set<string>): void {
  if (typeof value === 'string') {
    if (isSecret) found.add(value);
    else for (const part of secretsOfUrl(value)) found.add(part);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      collect(child, isSecret || SECRET_KEY.test(key), found);
    }
  }
}

/** @returns nothing for what is no URL */
function secretsOfUrl(text: string): string[] {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return [];
  const url = URL.parse(text);
  if (url === null) return [];
  const { password, pathname, searchParams, search } = url;
  const inQuery = search.slice(1).split('&');
  return [
    password,
    decoded(password),
    ...pathname.split('/').filter((part) => LIKE_A_KEY.test(part)),
    ...searchParams.values(),
    // As it is written, too.
    ...inQuery.map((pair) => pair.slice(pair.indexOf('=') + 1)),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
