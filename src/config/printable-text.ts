/**
 * A configured text that may be shown in errors: an address without user and password (RFC 3986
 * §3.2.1) and without its query, which may contain a token.
 */
export function withoutCredentials(text: string): string {
  return (
    text
      // Up to the last @, because a password may contain an unencoded one.
      .replace(/^(\s*(?:[a-z][a-z0-9+.-]*:(?:\/\/)?|\/\/)).*@/is, '$1…@')
      .replace(/^([^?]*:\/\/[^?]*)\?.*$/s, '$1?…')
  );
}
