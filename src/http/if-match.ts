import { RequestError } from './errors.ts';

/**
 * Parses an `If-Match` header (RFC 9110 §13.1.1) with at most one entity tag, which is what WHIP
 * clients send.
 * @returns the tag without quotes, `*`, or undefined if the header is absent
 * @throws RequestError 412 for a weak tag, which never matches (RFC 9110 §8.8.3.2); 400 for
 * anything else
 */
export function ifMatchTag(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (text === '*') return '*';
  const [, weak, tag] = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/.exec(text) ?? [];
  if (weak !== undefined) {
    throw new RequestError(412, 'If-Match: a weak tag (W/) never matches');
  }
  if (tag === undefined) {
    throw new RequestError(400, 'If-Match: must be one entity tag in quotes, or *');
  }
  return tag;
}
