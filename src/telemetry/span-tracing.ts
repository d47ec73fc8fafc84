import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { RequestSpan, RequestTracing, TracedRequest } from '../http/request-tracing.ts';
import { loggedError } from '../logged-error.ts';

/** Makes a span of each request, with the attributes of OpenTelemetry's conventions for HTTP servers. */
export class SpanTracing implements RequestTracing {
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  begin({ method, path, scheme, route, requestId, headers }: TracedRequest): RequestSpan {
    const parent = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const span = this.#tracer.startSpan(
      // The route, and not the path: names are counted.
      route === undefined ? method : `${method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': method,
          'url.path': path,
          'url.scheme': scheme,
          ...(route !== undefined && { 'http.route': route }),
          'live777.request_id': requestId,
        },
      },
      parent,
    );
    const { traceId, spanId } = span.spanContext();
    return { traceId, spanId, end: (statusCode, error) => end(span, statusCode, error) };
  }
}

function end(span: Span, statusCode: number, error: Error | undefined): void {
  span.setAttribute('http.response.status_code', statusCode);
  if (statusCode >= 500) {
    span.setAttribute('error.type', error?.name ?? String(statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  if (error !== undefined) {
    const { type, message, stack } = loggedError(error);
    span.recordException({ name: type, message, ...(stack !== undefined && { stack }) });
  }
  span.end();
}
