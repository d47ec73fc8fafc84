import { signal } from '@preact/signals';

const STORAGE_KEY = 'recorder-access-token';

/** The bearer token for this tab, or an empty string where the recorder asks for none. */
export const accessToken = signal(sessionStorage.getItem(STORAGE_KEY) ?? '');

/** Keeps a token for this tab only; an empty one is forgotten. */
export function setAccessToken(token: string): void {
  if (token === '') sessionStorage.removeItem(STORAGE_KEY);
  else sessionStorage.setItem(STORAGE_KEY, token);
  accessToken.value = token;
}

/** Header fields that identify us to the recorder (RFC 6750 §2.1): none without a token. */
export function authorization(): Record<string, string> {
  const token = accessToken.peek();
  return token === '' ? {} : { Authorization: `Bearer ${token}` };
}
