import picomatch from 'picomatch';

/**
 * Slashes and leading dots have no special meaning in a stream's name, unlike in a path: for
 * matching, each slash is replaced by this private-use character, which has no special meaning in
 * patterns.
 */
const NO_SLASH = '\u{F8FF}';
const OPTIONS = { dot: true, posix: true, noextglob: true, strictBrackets: true } as const;

/**
 * Compiles patterns of stream names: `*` matches any characters, including slashes and a leading
 * dot, `?` one, `[a-z]` one of these, `[!ab]` one other than these, `{a,b}` either. A pattern that
 * begins with `!` excludes what the others match; if there are only such patterns, all other names
 * match.
 * @returns whether a stream's name matches
 * @throws Error for a pattern with a {@link patternFault}
 */
export function streamMatcher(patterns: readonly string[]): (stream: string) => boolean {
  const isExcluded = anyOf(patterns.filter(isExclusion).map((pattern) => pattern.slice(1)));
  const chosen = patterns.filter((pattern) => !isExclusion(pattern));
  const isChosen = chosen.length === 0 && patterns.length > 0 ? () => true : anyOf(chosen);
  return (stream) => isChosen(stream) && !isExcluded(stream);
}

/** What is wrong with a pattern and how to correct it; undefined for a valid one. */
export function patternFault(pattern: string): string | undefined {
  try {
    streamMatcher([pattern]);
    return undefined;
  } catch {
    return 'a "[", "{" or "(" is not closed, or closed twice; write "\\\\[" for the character itself';
  }
}

function isExclusion(pattern: string): boolean {
  return pattern.startsWith('!');
}

function anyOf(patterns: readonly string[]): (stream: string) => boolean {
  // Matches every name; picomatch would exclude `..`.
  if (patterns.some((pattern) => /^\*+$/.test(pattern))) return () => true;
  const matchers = patterns
    .filter((pattern) => pattern !== '')
    .map((pattern) => picomatch(withoutSlashes(pattern), OPTIONS));
  return (stream) => {
    const name = withoutSlashes(stream);
    return matchers.some((isMatched) => isMatched(name));
  };
}

function withoutSlashes(text: string): string {
  return text.replaceAll('/', NO_SLASH);
}
