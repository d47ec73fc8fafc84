/**
 * A text of the configuration as errors may repeat it: of an address neither the user and password
 * before its host (RFC 3986 §3.2.1) nor its query, where tokens stand.
 */
export function withoutCredentials(text: string): string {
  return (
    text
      // To the last @, since a password may have been written unencoded.
      .replace(/^(\s*(?:[a-z][a-z0-9+.-]*:(?:\/\/)?|\/\/)).*@/is, '$1…@')
      .replace(/^([^?]*:\/\/[^?]*)\?.*$/s, '$1?…')
  );
}
