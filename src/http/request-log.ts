import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import { loggedUrl } from './logged-url.ts';

/** One line per request, at level debug: Liveman and players send too many requests for more. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  /** A client that leaves, such as a player that seeks, is told by the line of its request. */
  override streamError(
    error: NodeJS.ErrnoException,
    { log, method, url }: FastifyRequest,
    _reply: FastifyReply,
  ): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    log.warn({ err: error, method, url: loggedUrl(url) }, 'a reply was cut off by an error');
  }

  /** Requests that come while the service stops are told by its own line. */
  override serviceUnavailable(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { log } = request;
    // What is not written need not be put together: thousands of requests a second are polls.
    if ('isLevelEnabled' in log && !(log as Logger).isLevelEnabled('debug')) return;
    log.debug(
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
