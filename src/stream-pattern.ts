/** What one place of a pattern takes: any characters, or one that a test accepts. */
type Token = '*' | ((character: string) => boolean);

/**
 * Reads patterns of stream names as Live777 does: `*` stands for any characters, slashes and a leading
 * dot too, `?` for one, `[ab]` and `[a-z]` for one of these, `[!ab]` for one other than these. There
 * is neither negation of a whole pattern nor a choice in braces.
 * @returns tells whether a stream's name matches any of them; its time grows with the length of name
 * and pattern only, since names are strangers' choice
 * @throws Error for a pattern of which {@link patternFault} tells what is wrong
 */
export function streamMatcher(patterns: readonly string[]): (stream: string) => boolean {
  const all = patterns.map(tokensOf);
  return (stream) => {
    const characters = [...stream];
    return all.some((tokens) => matches(tokens, characters));
  };
}

/** What is wrong with a pattern and how to mend it; undefined for a good one. */
export function patternFault(pattern: string): string | undefined {
  try {
    tokensOf(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What somebody may have meant by a pattern that it does not mean, in words. */
export function patternDoubt(pattern: string): string | undefined {
  if (pattern.startsWith('!')) return 'there is no negation';
  if (/\{.*,.*\}/.test(pattern)) return 'there is no choice in braces';
  return undefined;
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (character === '?') {
      tokens.push(() => true);
    } else if (character === '[') {
      const isNegated = characters[at + 1] === '!';
      const from = at + (isNegated ? 2 : 1);
      // A bracket that comes first is one of the characters.
      const to = characters.indexOf(']', from + 1);
      if (to < 0) throw new Error('"[" has no "]"; write "[[]" for the character itself');
      const isListed = listOf(characters.slice(from, to));
      tokens.push((other) => isListed(other) !== isNegated);
      at = to;
    } else {
      tokens.push((other) => other === character);
    }
  }
  return tokens;
}

function listOf(characters: string[]): (character: string) => boolean {
  const ranges: [string, string][] = [];
  for (let at = 0; at < characters.length; at++) {
    const first = characters[at]!;
    const isRange = characters[at + 1] === '-' && at + 2 < characters.length;
    ranges.push([first, isRange ? characters[at + 2]! : first]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([first, last]) => first <= character && character <= last);
}

/** A star takes as little as it can; where that fails, only the last one has to take more. */
function matches(tokens: readonly Token[], characters: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const wanted = tokens[token];
    if (wanted === '*') {
      star = token++;
      starAt = at;
    } else if (wanted?.(characters[at]!)) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (tokens[token] === '*') token++;
  return token === tokens.length;
}
