import { loggedError } from '../logged-error.ts';
import type { Telemetry } from './telemetry.ts';

/** Variables of the environment that name a collector (OpenTelemetry, OTLP exporter configuration). */
const ENDPOINTS = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
];

/** What is loaded, for the message that it is missing. */
const PACKAGES = [
  '@opentelemetry/api@1',
  '@opentelemetry/api-logs',
  '@opentelemetry/core@2',
  '@opentelemetry/exporter-logs-otlp-proto',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opentelemetry/resources@2',
  '@opentelemetry/sdk-logs',
  '@opentelemetry/sdk-trace-base@2',
];

/** Telemetry is wanted and cannot be had; the message says what to do. */
export class TelemetryError extends Error {
  override name = 'TelemetryError';
}

/**
 * Opens the telemetry that the environment asks for. Its packages are loaded only then: they are no
 * part of an ordinary installation.
 * @returns undefined if it asks for none
 * @throws TelemetryError for packages that are missing, or a protocol that is not spoken
 */
export async function openTelemetry(
  environment: NodeJS.ProcessEnv,
  version: string,
): Promise<Telemetry | undefined> {
  const isWanted = ENDPOINTS.some((name) => (environment[name] ?? '') !== '');
  if (!isWanted || environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  const protocol = environment.OTEL_EXPORTER_OTLP_PROTOCOL ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    throw new TelemetryError(
      `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is not spoken: set http/protobuf, and the endpoint to that port of the collector (4318 by default)`,
    );
  }
  try {
    const { OtlpTelemetry } = await import('./otlp-telemetry.ts');
    return new OtlpTelemetry(version);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new TelemetryError(
      `OTEL_EXPORTER_OTLP_ENDPOINT is set, but its packages are not installed (${loggedError(error).message.split('\n', 1)[0]}): npm install ${PACKAGES.join(' ')}`,
    );
  }
}
