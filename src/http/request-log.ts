import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { loggedUrl } from './logged-url.ts';

/** One line per request, at level debug: Liveman and players send too many requests for more. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    request.log.debug(
      {
        ...(error && { err: error }),
        method: request.method,
        url: loggedUrl(request.url),
        statusCode: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime),
      },
      error ? 'reply was cut off' : 'request answered',
    );
  }
}
