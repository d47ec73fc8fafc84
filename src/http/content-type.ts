import type { onRequestHookHandler } from 'fastify';
import { RequestError } from './errors.ts';

/**
 * Refuses requests whose body has another media type with 415 (RFC 9110 §15.5.16).
 * @param accepted the one media type that is accepted, in lower case
 * @param acceptHeader the header that names it in the reply: `Accept-Post` or `Accept-Patch`
 */
export function requireContentType(accepted: string, acceptHeader: string): onRequestHookHandler {
  return (request, reply, done) => {
    const given = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (given === accepted) return done();
    reply.header(acceptHeader, accepted);
    done(
      new RequestError(
        415,
        given === undefined
          ? `send a body with Content-Type: ${accepted}`
          : `Content-Type must be ${accepted}, not ${given}`,
      ),
    );
  };
}
