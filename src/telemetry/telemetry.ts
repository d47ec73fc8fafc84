import type { DestinationStream } from 'pino';
import type { RequestTracing } from '../http/request-tracing.ts';

/** Sends traces and logs to a collector over OTLP. */
export interface Telemetry {
  /** Takes each line of the log. */
  lines: DestinationStream;
  tracing: RequestTracing;
  /** Failures to send are logged here, at most one a minute. */
  log: TelemetryLog | undefined;
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>;
}

/** Where telemetry tells of its own failures. */
export interface TelemetryLog {
  warn(fields: object, message: string): void;
}
