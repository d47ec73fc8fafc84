import type { Metric } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { ConfigChanges } from '../config/config-changes.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ExportJobs } from '../export/export-jobs.ts';
import type { IndexLife } from '../index-rebuild/index-life.ts';
import type { Fillers } from '../playback/fillers.ts';
import type { FrameRates } from '../playback/frame-rates.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { RangeSources } from '../playback/select-range.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { Recorder } from '../recorder.ts';
import type { MediaRetention } from '../retention/media-retention.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { Sources } from '../sources/sources.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import type { Access, Authorizer } from './auth.ts';
import type { EventStreams } from './event-streams.ts';
import type { DiskState } from './storage-state.ts';
import type { TrustsAddress } from './trusted-proxy.ts';

declare module 'fastify' {
  interface FastifyInstance {
    config: Config;
    recorder: Recorder;
    /** Undefined if no proxy is trusted. */
    trustsProxy: TrustsAddress | undefined;
    segmentIndex: SegmentIndex;
    sources: Pick<Sources, 'state' | 'endpoints' | 'streams'>;
    recordCatalogue: RecordCatalogue;
    store: ObjectStore;
    /** What happened on this node. */
    events: EventLog;
    disk: DiskState;
    indexState: Pick<IndexLife, 'isCompleting'>;
    /** See `POST /api/config/reload`. @throws Refusal `bad-configuration`, `no-configuration` */
    reloadConfig: () => Promise<ConfigChanges>;
    webhooks: Pick<Webhooks, 'state'>;
    /** What was recorded, wherever its bytes are. */
    recordedObjects: RecordedObjects;
    /** Where a range of what was recorded is looked up. */
    rangeSources: RangeSources;
    /** Silence and black pictures, where HLS players need something. */
    fillers: Fillers;
    frameRates: FrameRates;
    exportJobs: ExportJobs;
    /** What deletes recordings. */
    retention: MediaRetention;
    authorizer: Authorizer;
    /** All replies of server-sent events. */
    eventStreams: EventStreams;
    /** Durations of all requests, for the metrics. */
    requestDurations: Metric;
  }

  interface FastifyContextConfig {
    /** The permission that a caller needs; by default `read` below `/api`, `open` elsewhere. */
    access?: Access;
    /** The body is optional; used only in the API description. */
    bodyOptional?: boolean;
    /**
     * Whether a request is restricted to this stream, for tokens of a single stream. By default it
     * is if the path, or a query parameter of the route, names the stream.
     */
    concerns?: (request: FastifyRequest, stream: string) => boolean;
  }
}
