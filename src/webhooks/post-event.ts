import { webhookHeaders } from './webhook-signature.ts';

/** The specification recommends 15 to 30 s. */
const TIMEOUT_MS = 20_000;
/** Maximum delay that a receiver may request, ms. */
const LONGEST_ASKED_WAIT_MS = 3_600_000;

/**
 * What became of an attempt:
 * - `accepted`;
 * - `gone`: the receiver wants nothing more (410);
 * - `refused`: it refused this event, and may accept others;
 * - `unavailable`: it, or the way to it, has a problem that concerns all events.
 */
export type Outcome = { result: 'accepted' } | { result: 'gone' } | Failure;

/** An attempt that is to be repeated. */
export interface Failure {
  result: 'refused' | 'unavailable';
  /** For the log. */
  reason: string;
  /** Delay that the receiver requested, ms. */
  retryAfterMs: number;
}

/**
 * Posts an event once, without following redirects. Never rejects.
 * @param signal cancels the attempt
 */
export async function postEvent(
  { url, secret }: { url: string; secret: string },
  id: string,
  body: string,
  signal: AbortSignal,
): Promise<Outcome> {
  // The time of the attempt on the wall clock, with which the receiver compares its own.
  const seconds = Math.floor(Date.now() / 1000);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'live777-recorder',
        ...webhookHeaders(secret, id, seconds, body),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return outcomeOf(response);
  } catch (error) {
    return { result: 'unavailable', reason: reasonOf(error), retryAfterMs: 0 };
  }
}

function outcomeOf({ status, headers }: Response): Outcome {
  if (status >= 200 && status < 300) return { result: 'accepted' };
  if (status === 410) return { result: 'gone' };
  const isOfEvent = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return {
    result: isOfEvent ? 'refused' : 'unavailable',
    reason: `HTTP ${status}`,
    retryAfterMs: retryAfterMs(headers.get('retry-after')),
  };
}

/** The delay of `Retry-After` (RFC 9110 §10.2.3), ms. */
function retryAfterMs(value: string | null): number {
  if (value === null) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Math.min(Math.max(ms || 0, 0), LONGEST_ASKED_WAIT_MS);
}

/** A code, and not the message, which may contain the address. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as Error;
  const { code } = (cause ?? {}) as { code?: string };
  return code ?? (name === 'TimeoutError' ? `no reply within ${TIMEOUT_MS / 1000} s` : name);
}
