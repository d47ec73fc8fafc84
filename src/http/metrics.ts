import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type Metric,
  Registry,
} from 'prom-client';
import { type FreeSpace, freeSpace } from '../files/free-space.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { Recorder, StreamState, StreamStatus } from '../recorder.ts';
import type { MediaRetention } from '../retention/media-retention.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type TrackFigureName, trackFigures } from '../track-figures.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import type { EventStreams } from './event-streams.ts';
import type { DiskState } from './storage-state.ts';
import { addWebhookMetrics } from './webhook-metrics.ts';
import { WorkerMetrics } from './worker-metrics.ts';

const PREFIX = 'live777_recorder_';

/** Gauges for the disk of the storage root or of the spool: name without prefix, help, figure. */
const DISK_GAUGES: [string, string, keyof FreeSpace][] = [
  ['free_bytes', 'Free space on the disk of the recordings, or of the spool.', 'freeBytes'],
  ['total_bytes', 'Size of the disk of the recordings, or of the spool.', 'totalBytes'],
  ['free_inodes', 'Number of files that can still be created on it, if limited.', 'freeInodes'],
  ['total_inodes', 'Maximum number of files on it, if limited.', 'totalInodes'],
];

const FULL_IN =
  'Time until it is full at the rate of the last day. No value while it does not fill.';

/** Upper bounds, s: a disk that syncs quickly takes some ten milliseconds, one that fails any time. */
const INDEX_BUCKETS = [
  ...[0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75],
  ...[1, 2, 5, 10, 30],
];

/** Gauges of prom-client that are named like counters; they repeat the sums of others. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

const STATES: StreamState[] = [
  'waiting',
  'connecting',
  'live',
  'recording',
  'degraded',
  'interrupted',
  'failed',
];

/** Sources of the metrics. */
export interface MetricsSources {
  recorder: Pick<Recorder, 'streams' | 'loads' | 'onIndexed'>;
  segmentIndex: Pick<SegmentIndex, 'size'>;
  recordCatalogue: Pick<RecordCatalogue, 'size'>;
  retention: Pick<MediaRetention, 'figures' | 'protections'>;
  store: Pick<ObjectStore, 'root' | 'bucket'>;
  eventStreams: Pick<EventStreams, 'size' | 'cutOff'>;
  webhooks: Pick<Webhooks, 'state'>;
  disk: DiskState;
  /** Durations of requests. */
  requestDurations: Metric;
}

/**
 * The state of the recorder in the text format of Prometheus. Every value is the same as in the API
 * replies, read at the time of the request. Counters of a track start at 0 with each publisher.
 */
export class Metrics {
  readonly #sources: MetricsSources;
  readonly #registry = new Registry();
  readonly #streams: Gauge<'state'>;
  readonly #tracks: TrackMetric[];
  readonly #layerSwitches: Counter<'stream' | 'kind'>;
  readonly #droppedUnits: Counter<'stream' | 'reason'>;
  readonly #rejected: Counter<'stream' | 'reason'>;
  readonly #restarts: Counter<'stream'>;
  readonly #periods: Counter<'stream' | 'reason'>;
  readonly #disk: [Gauge, keyof FreeSpace][];
  readonly #fullIn: Gauge;
  readonly #layerPixels: Gauge<'stream' | 'rid'>;
  readonly #workers: WorkerMetrics;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    countFromStart(this.#registry);
    this.#registry.registerMetric(sources.requestDurations);
    this.#workers = new WorkerMetrics(sources.recorder, this.#registry);
    this.#streams = new Gauge({
      name: `${PREFIX}streams`,
      help: 'Streams that are published or armed, by state.',
      labelNames: ['state'],
      registers,
    });
    this.#tracks = trackMetrics(this.#registry);
    this.#layerSwitches = new Counter({
      name: `${PREFIX}track_layer_switches_total`,
      help: 'Changes to another simulcast layer.',
      labelNames: ['stream', 'kind'],
      registers,
    });
    this.#droppedUnits = new Counter({
      name: `${PREFIX}stream_access_units_dropped_total`,
      help: 'Complete access units that were not recorded.',
      labelNames: ['stream', 'reason'],
      registers,
    });
    this.#rejected = new Counter({
      name: `${PREFIX}stream_packets_rejected_total`,
      help: 'Packets that were discarded.',
      labelNames: ['stream', 'reason'],
      registers,
    });
    this.#restarts = new Counter({
      name: `${PREFIX}stream_timeline_restarts_total`,
      help: 'New timelines started by the sender.',
      labelNames: ['stream'],
      registers,
    });
    this.#periods = new Counter({
      name: `${PREFIX}stream_periods_total`,
      help: 'Periods of the recording, by the reason for their start.',
      labelNames: ['stream', 'reason'],
      registers,
    });
    this.#layerPixels = new Gauge({
      name: `${PREFIX}stream_layer_pixels`,
      help: 'Pixels per picture of the recorded simulcast layer.',
      labelNames: ['stream', 'rid'],
      registers,
    });
    const delays = new Histogram({
      name: `${PREFIX}segment_index_seconds`,
      help: 'Time from the arrival of what ended a segment until it was in the index, since the first scrape.',
      buckets: INDEX_BUCKETS,
      registers,
    });
    sources.recorder.onIndexed = (seconds) => delays.observe(seconds);
    this.#gauge('segments', 'Segments in the index.', () => sources.segmentIndex.size);
    this.#gauge('records', 'Records in the catalogue.', () => sources.recordCatalogue.size);
    const { eventStreams } = sources;
    this.#gauge('event_clients', 'Clients of server-sent events.', () => eventStreams.size);
    this.#counter(
      'event_clients_cut_off',
      'Clients that were disconnected because they did not read.',
      () => eventStreams.cutOff,
    );
    const full = { name: `${PREFIX}storage_full_in_seconds`, help: FULL_IN, registers };
    this.#fullIn = new Gauge(full);
    addWebhookMetrics(sources.webhooks, this.#registry);
    this.#addRetention(sources.retention);
    this.#disk = DISK_GAUGES.map(([name, help, key]) => [
      new Gauge({ name: `${PREFIX}storage_${name}`, help, registers }),
      key,
    ]);
    if (sources.store.bucket !== undefined) this.#addStorage(sources.store.bucket);
  }

  /** Media type of {@link Metrics.text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics with their values now. */
  async text(): Promise<string> {
    const statuses = await this.#sources.recorder.streams();
    for (const state of STATES) {
      this.#streams.set({ state }, statuses.filter((status) => status.state === state).length);
    }
    // Counters cannot be set, and streams that are gone must disappear.
    for (const { metric } of this.#tracks) metric.reset();
    const counters = [
      this.#layerSwitches,
      this.#droppedUnits,
      this.#rejected,
      this.#restarts,
      this.#periods,
    ];
    for (const counter of counters) counter.reset();
    this.#layerPixels.reset();
    for (const status of statuses) this.#count(status);
    await Promise.all([this.#readDisk(), this.#workers.read()]);
    return this.#registry.metrics();
  }

  #count(status: StreamStatus): void {
    const { stream, tracks, droppedUnits, rejected, timelineRestarts, periods } = status;
    for (const track of tracks) {
      const { kind } = track;
      for (const { metric, name, factor } of this.#tracks) {
        const value = track.figures[name];
        if (value !== undefined) metric.inc({ stream, kind }, value * factor);
      }
      this.#layerSwitches.inc({ stream, kind }, track.layer?.switches ?? 0);
      if (track.layer !== undefined) {
        const { rid = '', width = 0, height = 0 } = track.layer;
        this.#layerPixels.set({ stream, rid }, width * height);
      }
    }
    for (const [reason, count] of Object.entries(droppedUnits ?? {})) {
      this.#droppedUnits.inc({ stream, reason }, count);
    }
    for (const [name, count] of Object.entries(rejected ?? {})) {
      const reason = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      this.#rejected.inc({ stream, reason }, count);
    }
    for (const [reason, count] of Object.entries(periods ?? {})) {
      this.#periods.inc({ stream, reason }, count);
    }
    if (timelineRestarts !== undefined) this.#restarts.inc({ stream }, timelineRestarts);
  }

  /** No value for a disk that does not respond: an old one would be wrong. */
  async #readDisk(): Promise<void> {
    const space = await freeSpace(this.#sources.store.root).catch(() => undefined);
    for (const [gauge, key] of this.#disk) {
      const value = space?.[key];
      if (value === undefined) gauge.remove();
      else gauge.set(value);
    }
    const { secondsUntilFull } = this.#sources.disk;
    if (secondsUntilFull === undefined) this.#fullIn.remove();
    else this.#fullIn.set(secondsUntilFull);
  }

  #addRetention(retention: MetricsSources['retention']): void {
    const figures = () => retention.figures;
    this.#counter('deleted_segments', 'Segments deleted.', () => figures().deletedSegments);
    this.#counter('deleted_bytes', 'Bytes of deleted segments.', () => figures().deletedBytes);
    this.#gauge(
      'leaving_bytes',
      'Bytes of segments that are listed no more and whose files are still there.',
      () => figures().leavingBytes,
    );
    this.#gauge(
      'retention_unmet_limits',
      'Limits of [recorder.retention] that cannot be met.',
      () => figures().unmetLimits,
    );
    this.#gauge('protections', 'Protected stretches.', () => retention.protections.list().length);
  }

  #addStorage(bucket: NonNullable<ObjectStore['bucket']>): void {
    const state = () => bucket.state();
    this.#gauge('spool_waiting_files', 'Files not uploaded yet.', () => state()?.waitingFiles ?? 0);
    this.#gauge('spool_waiting_bytes', 'Bytes not uploaded yet.', () => state()?.waitingBytes ?? 0);
    this.#gauge(
      'spool_parked_files',
      'Files that the bucket refuses.',
      () => state()?.parkedFiles ?? 0,
    );
    this.#gauge('spool_oldest_seconds', 'Age of the oldest waiting file.', () => {
      const oldestMs = state()?.oldestMs;
      return oldestMs === undefined ? 0 : Math.max(0, (Date.now() - oldestMs) / 1000);
    });
    this.#counter('spool_uploaded_files', 'Files uploaded.', () => state()?.uploadedFiles ?? 0);
    this.#counter('spool_upload_failures', 'Uploads that failed.', () => state()?.failures ?? 0);
    this.#counter(
      'spool_dropped_files',
      'Segments deleted without upload.',
      () => state()?.droppedFiles ?? 0,
    );
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  #counter(name: string, help: string, value: () => number): void {
    new Counter({
      name: `${PREFIX}${name}_total`,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }
}

/** A figure of a track as a metric. */
interface TrackMetric {
  metric: Counter<'stream' | 'kind'> | Gauge<'stream' | 'kind'>;
  name: TrackFigureName;
  /** Factor from the unit of the figure to that of the metric. */
  factor: number;
}

/**
 * Creates a metric for each figure of a track, with the units and names that Prometheus recommends.
 */
function trackMetrics(registry: Registry): TrackMetric[] {
  return trackFigures().map(([name, { type, unit, help }]) => {
    const isCounter = type === 'counter';
    const base = unit === 'ms' ? name.replace(/_ms$/, '_seconds') : name;
    const inPixels = unit === 'pixels' ? '_pixels' : '';
    const metric = new (isCounter ? Counter : Gauge)({
      name: `${PREFIX}track_${base}${inPixels}${isCounter ? '_total' : ''}`,
      help,
      labelNames: ['stream', 'kind'] as const,
      registers: [registry],
    });
    return { metric, name, factor: unit === 'ms' ? 1 / 1000 : 1 };
  });
}

/**
 * prom-client counts CPU time from the moment it starts to collect, not from the start of the
 * process.
 */
function countFromStart(registry: Registry): void {
  const { user, system } = process.cpuUsage();
  for (const [name, us] of [
    ['process_cpu_user_seconds_total', user],
    ['process_cpu_system_seconds_total', system],
    ['process_cpu_seconds_total', user + system],
  ] as const) {
    (registry.getSingleMetric(name) as Counter).inc(us / 1e6);
  }
}
