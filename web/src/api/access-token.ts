import { signal } from '@preact/signals';

const STORAGE_KEY = 'recorder-access-token';

/** The bearer token for this tab, or an empty string where the recorder asks for none. */
export const accessToken = signal(sessionStorage.getItem(STORAGE_KEY) ?? '');

/** Counts the tokens that were given: what one of them was refused is nothing to the next. */
export const accessTurn = signal(0);

/** Keeps a token for this tab only; an empty one is forgotten. */
export function setAccessToken(token: string): void {
  if (token === '') sessionStorage.removeItem(STORAGE_KEY);
  else sessionStorage.setItem(STORAGE_KEY, token);
  accessToken.value = token;
  accessTurn.value++;
}

/** Header fields that identify us to the recorder (RFC 6750 §2.1): none without a token. */
export function authorization(): Record<string, string> {
  const token = accessToken.peek();
  return token === '' ? {} : { Authorization: `Bearer ${token}` };
}

/**
 * The only stream that the token is for: the claim `id` of a JSON Web Token (RFC 7519).
 * @returns undefined where it is for all, or does not say
 */
export function streamOfToken(): string | undefined {
  const [, claims] = accessToken.peek().split('.');
  if (claims === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
      byte.charCodeAt(0),
    );
    const { id } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof id === 'string' && id !== '*' ? id : undefined;
  } catch {
    return undefined;
  }
}
