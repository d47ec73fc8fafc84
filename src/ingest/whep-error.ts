/**
 * Why a subscription failed: the server refuses access (`unauthorized`: 401, 403), has no such
 * stream (`not-found`: 404, 410) or not at the moment (`conflict`: 409), did not respond in time
 * (`timeout`), could not be reached (`refused`), sent an unusable answer (`bad-answer`), or
 * responded with another error (`server`).
 */
export type WhepErrorKind =
  | 'unauthorized'
  | 'not-found'
  | 'conflict'
  | 'timeout'
  | 'refused'
  | 'bad-answer'
  | 'server';

/** A WHEP session that could not be created. The message contains the server's reason. */
export class WhepError extends Error {
  override name = 'WhepError';
  readonly kind: WhepErrorKind;
  /** HTTP status, if there was a response. */
  readonly status: number | undefined;

  constructor(
    kind: WhepErrorKind,
    message: string,
    details: { status?: number; cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : {});
    this.kind = kind;
    this.status = details.status;
  }
}
