const STORAGE_KEY = 'recorder-access-token';

/** The bearer token for this tab, or an empty string where the recorder asks for none. */
export function accessToken() {
  return sessionStorage.getItem(STORAGE_KEY) ?? '';
}

/** Keeps a token for this tab only; an empty one is forgotten. @param {string} token */
export function setAccessToken(token) {
  if (token === '') sessionStorage.removeItem(STORAGE_KEY);
  else sessionStorage.setItem(STORAGE_KEY, token);
}

/**
 * Header fields that identify us to the recorder (RFC 6750 §2.1): none without a token.
 * @returns {Record<string, string>}
 */
export function authorization() {
  const token = accessToken();
  return token === '' ? {} : { Authorization: `Bearer ${token}` };
}
