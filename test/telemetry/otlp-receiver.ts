import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { accepts } from '../server/accepts.ts';
import { freePort } from '../server/free-port.ts';
import { until } from '../server/until.ts';

const FOLDER = join(import.meta.dirname, 'otlp-receiver');

/** Path of the receiver, which is that of the OpenTelemetry Collector, once it is built. */
export const OTLP_RECEIVER = join(FOLDER, 'otlp-receiver');

/** The command line that builds it, which takes longer than a test may. */
export const BUILD_OTLP_RECEIVER = [
  'go',
  'build',
  '-C',
  FOLDER,
  '-o',
  'otlp-receiver',
  '.',
] as const;

/** An attribute, in the JSON form of OTLP. */
export interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string };
}

/** A span, as far as tests look at it. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: Attribute[];
  status: { code?: number };
  events?: { name: string; attributes: Attribute[] }[];
}

/** A log record, as far as tests look at it. */
export interface ReceivedLog {
  timeUnixNano: string;
  severityText: string;
  severityNumber: number;
  body: { stringValue?: string };
  attributes?: Attribute[];
  traceId?: string;
  spanId?: string;
}

/** A running receiver. */
export interface OtlpReceiver {
  url: string;
  spans: ReceivedSpan[];
  logs: ReceivedLog[];
  /** Attributes of whoever sent. */
  resources: Attribute[][];
}

/** Starts a receiver, which is killed after the test. */
export async function startOtlpReceiver(t: Test): Promise<OtlpReceiver> {
  const port = await freePort();
  const child = spawn(OTLP_RECEIVER, [`127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const received: OtlpReceiver = {
    url: `http://127.0.0.1:${port}`,
    spans: [],
    logs: [],
    resources: [],
  };
  createInterface({ input: child.stdout }).on('line', (line) => take(received, JSON.parse(line)));
  await until('the receiver listens', () => accepts(port));
  return received;
}

interface Batch {
  data: {
    resourceSpans?: {
      resource: { attributes: Attribute[] };
      scopeSpans: { spans: ReceivedSpan[] }[];
    }[];
    resourceLogs?: {
      resource: { attributes: Attribute[] };
      scopeLogs: { logRecords: ReceivedLog[] }[];
    }[];
  };
}

function take(received: OtlpReceiver, { data }: Batch): void {
  for (const { resource, scopeSpans } of data.resourceSpans ?? []) {
    received.resources.push(resource.attributes);
    received.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
  }
  for (const { resource, scopeLogs } of data.resourceLogs ?? []) {
    received.resources.push(resource.attributes);
    received.logs.push(...scopeLogs.flatMap(({ logRecords }) => logRecords));
  }
}

/** Value of an attribute. */
export function attributeOf(attributes: Attribute[] | undefined, key: string): string | undefined {
  const value = attributes?.find((each) => each.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
}
