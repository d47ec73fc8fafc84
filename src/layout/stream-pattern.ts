import picomatch from 'picomatch';

/**
 * A slash and a leading dot are nothing special in a stream's name, unlike in a path: names are matched
 * with this private-use character in the place of each slash, which no pattern treats in a way of its
 * own.
 */
const NO_SLASH = '\u{F8FF}';
const OPTIONS = { dot: true, posix: true, noextglob: true, strictBrackets: true } as const;

/**
 * Reads patterns of stream names: `*` stands for any characters, slashes and a leading dot too, `?` for
 * one, `[a-z]` for one of these, `[!ab]` for one other than these, `{a,b}` for either. A pattern that
 * begins with `!` takes out what the others match; where there are no others, what is left matches.
 * @returns tells whether a stream's name is matched
 * @throws Error for a pattern of which {@link patternFault} tells what is wrong
 */
export function streamMatcher(patterns: readonly string[]): (stream: string) => boolean {
  const isExcluded = anyOf(patterns.filter(isExclusion).map((pattern) => pattern.slice(1)));
  const chosen = patterns.filter((pattern) => !isExclusion(pattern));
  const isChosen = chosen.length === 0 && patterns.length > 0 ? () => true : anyOf(chosen);
  return (stream) => isChosen(stream) && !isExcluded(stream);
}

/** What is wrong with a pattern and how to mend it; undefined for a good one. */
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
  // Every name at all: picomatch would except `..`.
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
