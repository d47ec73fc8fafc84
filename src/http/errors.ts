import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Refusal, type RefusalReason } from '../refusal.ts';
import { StoreError } from '../storage/stores/store.ts';
import { loggedUrl } from './logged-url.ts';

// An import would also load the client behind `fetch`, which is 16 MB.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** A request that fails, with the status and the message of its reply. */
export class RequestError extends Error {
  override name = 'RequestError';
  readonly statusCode: number;
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Status of the reply to each refusal. */
const STATUS_OF: Readonly<Record<RefusalReason, number>> = {
  'bad-name': 400,
  'bad-time': 400,
  'bad-sdp': 400,
  'no-such-object': 404,
  'no-such-stream': 404,
  'no-such-session': 404,
  'published-already': 409,
  'no-media': 404,
  'other-container': 400,
  'unreadable-media': 409,
  'no-such-export': 404,
  'unfinished-export': 409,
  'too-many-exports': 429,
  'disk-full': 507,
  'bad-configuration': 422,
  'no-configuration': 409,
  'stale-entity-tag': 412,
  'unacceptable-offer': 422,
  'too-many-armed': 429,
  'no-free-port': 503,
  'worker-lost': 503,
  stopping: 503,
  'spool-full': 507,
};

/** Status of the reply to a refusal. */
export function statusOf({ reason }: Refusal): number {
  return STATUS_OF[reason];
}

/** Body of every error reply but 401, which has none. */
export const ErrorReply = Type.Object(
  {
    statusCode: Type.Integer({ description: 'The HTTP status.' }),
    error: Type.String({ description: 'What the status means.' }),
    message: Type.String({
      description: 'What is wrong with this request, and how to correct it.',
    }),
  },
  { title: 'Error', description: 'Why a request was refused.' },
);

/** The body of an error reply. */
export function errorBody(statusCode: number, message: string) {
  return { statusCode, error: STATUS_CODES[statusCode] ?? 'Error', message };
}

/**
 * Documents an error reply in a route's schema. The example takes its status from the key under
 * which it stands.
 * @param description when the reply is sent
 * @param message the exact message of the reply to one such request
 */
export function errorReply(description: string, message: string) {
  const content = { schema: ErrorReply, example: { message } };
  return { description, content: { 'application/json': content } };
}

/**
 * Converts whatever a route throws to a reply. The messages of {@link RequestError},
 * {@link Refusal} and failed validation are sent; a {@link StoreError} is logged and its code is sent; any
 * other error is logged, and its reply only says that it occurred.
 */
export function replyWithError(
  error: FastifyError | RequestError | Refusal | StoreError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof StoreError) return replyUnreadable(error, request, reply);
  const statusCode = error instanceof Refusal ? statusOf(error) : (error.statusCode ?? 500);
  const isMeant = error instanceof RequestError || error instanceof Refusal;
  if (isMeant || (statusCode >= 400 && statusCode < 500)) {
    request.log.debug({ statusCode, reason: error.message }, 'request refused');
    return send(reply, statusCode, error.message);
  }
  const { method, url } = request;
  request.log.error({ err: error, method, url: loggedUrl(url) }, 'request failed');
  return send(reply, 500, `internal error; the log has the reason under request id ${request.id}`);
}

/** A bucket cannot be read: 503 if it may answer later, else 502. */
function replyUnreadable(
  { code, kind, message }: StoreError,
  { log }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  log.warn({ code, reason: message }, 'the bucket cannot be read');
  return kind === 'transient'
    ? send(reply, 503, `the bucket does not answer at present (${code})`)
    : send(reply, 502, `the bucket cannot be read (${code}); the log has the reason`);
}

/** Replies 404 to a request that matches no route or file. */
export function replyNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.originalUrl.split('?', 1)[0]!;
  const mend = /^\/api\/streams\/[^/]+\/./.test(path)
    ? '; encode a slash in the name of a stream as %2F'
    : '';
  return send(reply, 404, `there is nothing at ${request.method} ${path}${mend}`);
}

function send(reply: FastifyReply, statusCode: number, message: string): FastifyReply {
  return reply
    .code(statusCode)
    .header('Cache-Control', 'no-store')
    .header('X-Request-Id', reply.request.id)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(errorBody(statusCode, message));
}
