import { words } from '../words/language.ts';
import { accessToken, authorization } from './access-token.ts';
import { address } from './address.ts';

/** The recorder answered a request with an error; the message is fit to be shown. */
export class RecorderError extends Error {
  override name = 'RecorderError';
  /** HTTP status, or 0 when there was no answer at all. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is wrong where the recorder answers 401. */
export function faultOfToken(): string {
  return accessToken.peek() === '' ? words.peek().tokenWanted : words.peek().tokenUnknown;
}

/** What a refusal says, in words. */
export async function errorOfResponse(response: Response): Promise<RecorderError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  let message = '';
  try {
    message = JSON.parse(text).message ?? '';
  } catch {
    if (response.headers.get('content-type')?.startsWith('text/plain')) message = text;
  }
  return new RecorderError(status, message || wordsOfStatus(status));
}

function wordsOfStatus(status: number): string {
  const { forbidden, notFound, tooLarge, answered } = words.peek();
  switch (status) {
    case 401:
      return faultOfToken();
    case 403:
      return forbidden;
    case 404:
      return notFound;
    case 413:
      return tooLarge;
    default:
      return answered(status);
  }
}

/** What an error says, for the reader. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Sends a request with our token.
 * @returns any answer, refusals too
 * @throws RecorderError status 0 when nothing answers; DOMException `AbortError` when it was aborted
 */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, {
      cache: 'no-store',
      ...init,
      headers: { ...authorization(), ...(init.headers as Record<string, string>) },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new RecorderError(0, words.peek().noAnswer);
  }
}

let aheadMs = 0;

/** The time by the recorder's clock, ms since the Unix epoch, to the second. */
export function recorderNow(): number {
  return Date.now() + aheadMs;
}

/** Learns the recorder's time from a reply. */
export function noteDate(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) aheadMs = date - Date.now();
}

/**
 * Calls the API.
 * @param path relative to the console
 * @throws RecorderError for every answer but 2xx
 */
export async function call(
  path: string,
  method: string,
  init: RequestInit = {},
): Promise<Response> {
  const response = await send(address(path), { method, ...init });
  noteDate(response);
  if (!response.ok) throw await errorOfResponse(response);
  return response;
}
