import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { type AnyValueMap, type Logger, SeverityNumber } from '@opentelemetry/api-logs';
import type { DestinationStream } from 'pino';

/** Severity of each level. */
const SEVERITIES: Record<string, SeverityNumber> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** A line of the log. */
interface Line {
  level: string;
  time: string;
  msg?: string;
  err?: { type: string; message: string; stack?: string };
  trace_id?: string;
  span_id?: string;
  [field: string]: unknown;
}

/** Makes a log record of each line: message, severity, time, span, and all other fields as attributes. */
export class LineExport implements DestinationStream {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(text: string): void {
    const {
      level,
      time,
      msg,
      err,
      trace_id: traceId,
      span_id: spanId,
      ...fields
    }: Line = JSON.parse(text);
    const inSpan = traceId !== undefined && spanId !== undefined;
    const traceFlags = TraceFlags.SAMPLED;
    this.#logger.emit({
      ...(msg !== undefined && { body: msg }),
      severityText: level.toUpperCase(),
      severityNumber: SEVERITIES[level] ?? SeverityNumber.UNSPECIFIED,
      timestamp: new Date(time),
      attributes: {
        ...(fields as AnyValueMap),
        ...(err && {
          'exception.type': err.type,
          'exception.message': err.message,
          ...(err.stack !== undefined && { 'exception.stacktrace': err.stack }),
        }),
      },
      ...(inSpan && {
        context: trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags }),
      }),
    });
  }
}
