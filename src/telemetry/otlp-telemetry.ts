import { setTimeout as delay } from 'node:timers/promises';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { LineExport } from './line-export.ts';
import { SpanTracing } from './span-tracing.ts';
import type { Telemetry, TelemetryLog } from './telemetry.ts';

/** How long sending may take at the end, ms. */
const CLOSE_MS = 2000;
/** Interval of the warnings that nothing can be sent, ms. */
const WARN_EVERY_MS = 60_000;
const SCOPE = 'live777-recorder';

/**
 * Telemetry by OpenTelemetry's own packages. They read all other variables themselves, such as
 * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER`.
 */
export class OtlpTelemetry implements Telemetry {
  readonly lines: LineExport;
  readonly tracing: SpanTracing;
  log: TelemetryLog | undefined;
  readonly #traces: BasicTracerProvider;
  readonly #logs: LoggerProvider;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  /** @param version of the service */
  constructor(version: string) {
    const resource = defaultResource()
      .merge(resourceFromAttributes({ 'service.name': SCOPE, 'service.version': version }))
      .merge(detectResources({ detectors: [hostDetector, envDetector] }));
    this.#traces = new BasicTracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    });
    this.#logs = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
    });
    this.tracing = new SpanTracing(this.#traces.getTracer(SCOPE, version));
    this.lines = new LineExport(this.#logs.getLogger(SCOPE, version));
    const warn = (message: string) => this.#warn(message);
    const ignore = () => {};
    diag.setLogger(
      { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
  }

  async close(): Promise<void> {
    const closed = Promise.allSettled([this.#traces.shutdown(), this.#logs.shutdown()]);
    await Promise.race([closed, delay(CLOSE_MS, undefined, { ref: false })]);
    diag.disable();
  }

  #warn(reason: string): void {
    const nowMs = performance.now();
    if (nowMs < this.#warnedAtMs + WARN_EVERY_MS) return;
    this.#warnedAtMs = nowMs;
    this.log?.warn({ reason }, 'traces or logs could not be sent to the collector');
  }
}
