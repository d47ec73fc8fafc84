import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Follows requests for a tracing system. */
export interface RequestTracing {
  /** Begins the span of a request, as a child of that in its `traceparent` (W3C Trace Context). */
  begin(request: TracedRequest): RequestSpan;
}

/** What is known of a request when it arrives. */
export interface TracedRequest {
  method: string;
  /** Path without its query, which may have tokens. */
  path: string;
  scheme: string;
  /** Pattern of the route; undefined if there is none. */
  route: string | undefined;
  requestId: string;
  headers: IncomingHttpHeaders;
}

/** The span of a request. */
export interface RequestSpan {
  /** Ids in hexadecimal, by which the lines of the log refer to the span. */
  readonly traceId: string;
  readonly spanId: string;
  /** @param error that ended the request, of which the reply says nothing */
  end(statusCode: number, error: Error | undefined): void;
}

/** A span of a request, and the error that its handler threw. */
interface Followed {
  span: RequestSpan;
  error?: Error;
}

/** Traces all requests from now on, and adds the ids of their spans to their lines in the log. */
export function traceRequests(app: FastifyInstance, tracing: RequestTracing): void {
  const followed = new WeakMap<FastifyRequest, Followed>();
  app.addHook('onRequest', async (request, reply) => {
    const { method, url, protocol, id, headers, routeOptions } = request;
    const span = tracing.begin({
      method,
      path: url.split('?', 1)[0]!,
      scheme: protocol,
      route: routeOptions.url,
      requestId: id,
      headers,
    });
    followed.set(request, { span });
    request.log = request.log.child({ trace_id: span.traceId, span_id: span.spanId });
    reply.log = request.log;
  });
  app.addHook('onError', async (request, _reply, error) => {
    const of = followed.get(request);
    if (of !== undefined) of.error = error;
  });
  app.addHook('onResponse', async (request, { statusCode }) => {
    const of = followed.get(request);
    of?.span.end(statusCode, statusCode >= 500 ? of.error : undefined);
  });
}
