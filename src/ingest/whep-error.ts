/**
 * What kept us from subscribing: the server does not let us (`unauthorized`: 401, 403), has no such
 * stream (`not-found`: 404, 410) or not now (`conflict`: 409), did not answer in time (`timeout`),
 * could not be reached (`refused`), answered what cannot be taken (`bad-answer`), or answered anything
 * else (`server`).
 */
export type WhepErrorKind =
  | 'unauthorized'
  | 'not-found'
  | 'conflict'
  | 'timeout'
  | 'refused'
  | 'bad-answer'
  | 'server';

/** A WHEP session that did not come about. The message says what the server said. */
export class WhepError extends Error {
  override name = 'WhepError';
  readonly kind: WhepErrorKind;
  /** HTTP status, where there was an answer. */
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
