import { join } from 'node:path';
import autoload from '@fastify/autoload';
import cors from '@fastify/cors';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import type { Config } from './config/config.ts';
import type { ConfigChanges } from './config/config-changes.ts';
import type { EventLog } from './events/event-log.ts';
import { isOver } from './export/export-job.ts';
import { ExportJobs } from './export/export-jobs.ts';
import { registerApiDescription } from './http/api-description.ts';
import { registerAuth } from './http/auth.ts';
import './http/decorators.ts';
import { replyNotFound, replyWithError } from './http/errors.ts';
import { registerEventStreams } from './http/event-stream-replies.ts';
import { watchMethods } from './http/other-methods.ts';
import { ignoreMeaninglessBodies, registerJsonBodies } from './http/request-bodies.ts';
import { measureRequests } from './http/request-durations.ts';
import { requestIds } from './http/request-id.ts';
import { RequestLog } from './http/request-log.ts';
import { registerOriginCheck } from './http/request-origin.ts';
import { type RequestTracing, traceRequests } from './http/request-tracing.ts';
import { registerSecurityHeaders } from './http/security-headers.ts';
import { buildSerializer } from './http/serialization.ts';
import type { DiskState } from './http/storage-state.ts';
import { withOneStreamPart } from './http/stream-address.ts';
import { trustedProxies } from './http/trusted-proxy.ts';
import { buildValidator, validationError } from './http/validation.ts';
import type { IndexLife } from './index-rebuild/index-life.ts';
import { Fillers } from './playback/fillers.ts';
import { FrameRates } from './playback/frame-rates.ts';
import { Presentations } from './playback/presentations.ts';
import { recordedObjects } from './playback/recorded-objects.ts';
import type { RecordCatalogue } from './record-catalogue/record-catalogue.ts';
import type { Recorder } from './recorder.ts';
import { Refusal } from './refusal.ts';
import type { MediaRetention } from './retention/media-retention.ts';
import type { SegmentIndex } from './segment-index/segment-index.ts';
import type { Sources } from './sources/sources.ts';
import type { ObjectStore } from './storage/object-store.ts';
import { version } from './version.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

/** What the routes use. */
export interface AppDependencies {
  config: Config;
  recorder: Recorder;
  segmentIndex: SegmentIndex;
  retention: MediaRetention;
  /** Absent if no streams are pulled. */
  sources?: Pick<Sources, 'state' | 'endpoints' | 'streams'>;
  recordCatalogue: RecordCatalogue;
  store: ObjectStore;
  events: EventLog;
  /** The watch of the disk of recordings or spool; absent if nobody watches it. */
  disk?: DiskState;
  /** Whether the index is complete; absent if it is. */
  indexState?: Pick<IndexLife, 'isCompleting'>;
  /** Reads the configuration again; absent if it is not from a file. */
  reloadConfig?: () => Promise<ConfigChanges>;
  /** Absent if there are none. */
  webhooks?: Pick<Webhooks, 'state'>;
  /** Absent if requests are not traced. */
  tracing?: RequestTracing | undefined;
  log: FastifyBaseLogger;
}

/** Interval of the search for slow requests, ms. */
const CHECK_INTERVAL_MS = 1000;

/**
 * Maximum size of a request body, bytes: an offer with every codec of a browser has about 10 KB.
 */
const BODY_LIMIT = 256 * 1024;

/** For a recorder within another program, which has its own configuration. */
async function refuseReload(): Promise<never> {
  throw new Refusal(
    'no-configuration',
    'the recorder was started without a file that it could read again',
  );
}

/**
 * Builds the HTTP server, ready to listen or to `inject` requests. Closing it does not close the
 * recorder, the index or the catalogue.
 */
export async function buildApp(deps: AppDependencies): Promise<FastifyInstance> {
  const { http, auth } = deps.config;
  const trustsProxy = trustedProxies(http.trustProxy);
  const requestTimeout = http.requestTimeoutSeconds * 1000;
  const app = fastify({
    loggerInstance: deps.log,
    logController: new RequestLog(),
    genReqId: requestIds(trustsProxy),
    bodyLimit: BODY_LIMIT,
    requestTimeout,
    // Node searches for slow requests in this interval, by default every 30 seconds.
    http: { connectionsCheckingInterval: Math.min(requestTimeout, CHECK_INTERVAL_MS) },
    trustProxy: trustsProxy ?? false,
    rewriteUrl: ({ url = '/' }) => withOneStreamPart(url),
    // Longer than any percent-encoded stream id, so that the rule for ids refuses long ones.
    routerOptions: { maxParamLength: 4096 },
    return503OnClosing: true,
    frameworkErrors: (error, request, reply) => {
      replyWithError(error, request, reply);
    },
    schemaErrorFormatter: validationError,
    schemaController: { compilersFactory: { buildSerializer, buildValidator } },
  });
  // The default of one minute would cut off a longer request timeout.
  app.server.headersTimeout = requestTimeout;
  app.setErrorHandler<FastifyError>(replyWithError);
  app.setNotFoundHandler(replyNotFound);

  app.decorate('config', deps.config);
  app.decorate('recorder', deps.recorder);
  app.decorate('trustsProxy', trustsProxy);
  app.decorate('segmentIndex', deps.segmentIndex);
  app.decorate(
    'sources',
    deps.sources ?? { state: () => [], endpoints: () => [], streams: () => [] },
  );
  app.decorate('recordCatalogue', deps.recordCatalogue);
  app.decorate('store', deps.store);
  app.decorate('events', deps.events);
  app.decorate('disk', deps.disk ?? { isLow: false, secondsUntilFull: undefined });
  app.decorate('indexState', deps.indexState ?? { isCompleting: false });
  app.decorate('reloadConfig', deps.reloadConfig ?? refuseReload);
  app.decorate('webhooks', deps.webhooks ?? { state: () => [] });
  const objects = recordedObjects(deps.store, deps.recorder);
  app.decorate('recordedObjects', objects);
  const rangeSources = { index: deps.segmentIndex, presentations: new Presentations(objects) };
  app.decorate('rangeSources', rangeSources);
  const exportJobs = await ExportJobs.open({
    root: deps.store.root,
    // Recorders with separate indexes may share a folder.
    owner: deps.config.recorder.indexPath,
    sources: { ...rangeSources, objects },
    log: deps.log,
  });
  app.decorate('retention', deps.retention);
  deps.retention.holds.add(() => exportJobs.list().filter((job) => !isOver(job)));
  app.decorate('fillers', new Fillers(objects));
  app.decorate('frameRates', new FrameRates(objects));
  app.decorate('exportJobs', exportJobs);
  // Fastify waits for open replies before it closes; those that follow a job end with it.
  app.addHook('preClose', () => exportJobs.close());

  registerEventStreams(app);

  app.decorate('requestDurations', measureRequests(app));
  if (deps.tracing !== undefined) traceRequests(app, deps.tracing);
  const addOtherMethods = watchMethods(app);
  registerJsonBodies(app);
  ignoreMeaninglessBodies(app);
  await registerSecurityHeaders(app, http);
  registerOriginCheck(app, deps.config);
  // Before authentication: a browser's preflight request has no token.
  if (http.cors) {
    await app.register(cors, {
      origin: '*',
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
      exposedHeaders: [
        'Accept-Patch',
        'Accept-Post',
        'Accept-Ranges',
        'Content-Disposition',
        'Content-Range',
        'ETag',
        'Left-Out',
        'Link',
        'Location',
        'Picture-Time',
        'X-Request-Id',
      ],
      maxAge: 86_400,
    });
  }
  await registerAuth(app, auth);
  await registerApiDescription(app, version);
  // Only for `reply.sendFile` of the console's player.
  await app.register(fastifyStatic, { serve: false });
  await app.register(autoload, {
    dir: join(import.meta.dirname, '../routes'),
  });
  addOtherMethods();
  await app.ready();
  return app;
}
