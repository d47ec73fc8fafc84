import { join } from 'node:path';
import autoload from '@fastify/autoload';
import cors from '@fastify/cors';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import type { Config } from './config/config.ts';
import { registerApiDescription } from './http/api-description.ts';
import { registerAuth } from './http/auth.ts';
import './http/decorators.ts';
import { replyNotFound, replyWithError } from './http/errors.ts';
import { watchMethods } from './http/other-methods.ts';
import { ignoreMeaninglessBodies, registerJsonBodies } from './http/request-bodies.ts';
import { RequestLog } from './http/request-log.ts';
import { registerSecurityHeaders } from './http/security-headers.ts';
import { withOneStreamPart } from './http/stream-address.ts';
import { compileValidator, validationError } from './http/validation.ts';
import type { RecordCatalogue } from './record-catalogue/record-catalogue.ts';
import type { Recorder } from './recorder.ts';
import type { SegmentIndex } from './segment-index/segment-index.ts';
import type { Sources } from './sources/sources.ts';
import type { ObjectStore } from './storage/object-store.ts';
import { version } from './version.ts';

/** What the routes work with. */
export interface AppDependencies {
  config: Config;
  recorder: Recorder;
  segmentIndex: SegmentIndex;
  /** Absent where nothing is pulled. */
  sources?: Pick<Sources, 'state' | 'streams'>;
  recordCatalogue: RecordCatalogue;
  store: ObjectStore;
  log: FastifyBaseLogger;
}

/** Bytes a request body may have: an offer with every codec of a browser has some 10 KB. */
const bodyLimit = 256 * 1024;

/** How long a client may take to send a request, ms. */
const requestTimeoutMs = 30_000;

/**
 * Builds the HTTP side, ready to listen or to `inject` requests into. Closing it closes neither the
 * recorder, nor the index, nor the catalogue.
 */
export async function buildApp(deps: AppDependencies): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: deps.log,
    logController: new RequestLog(),
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    trustProxy: false,
    rewriteUrl: ({ url = '/' }) => withOneStreamPart(url),
    // Longer than any stream id, percent-encoded, so that its own rule is what refuses it.
    routerOptions: { maxParamLength: 4096 },
    return503OnClosing: true,
    frameworkErrors: (error, request, reply) => {
      replyWithError(error, request, reply);
    },
    schemaErrorFormatter: validationError,
  });
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler<FastifyError>(replyWithError);
  app.setNotFoundHandler(replyNotFound);

  app.decorate('config', deps.config);
  app.decorate('recorder', deps.recorder);
  app.decorate('segmentIndex', deps.segmentIndex);
  app.decorate('sources', deps.sources ?? { state: () => [], streams: () => [] });
  app.decorate('recordCatalogue', deps.recordCatalogue);
  app.decorate('store', deps.store);

  const addOtherMethods = watchMethods(app);
  registerJsonBodies(app);
  ignoreMeaninglessBodies(app);
  registerSecurityHeaders(app);
  // Before authentication: a browser's preflight request carries no token.
  if (deps.config.http.cors) {
    await app.register(cors, {
      origin: '*',
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
      exposedHeaders: [
        'Accept-Patch',
        'Accept-Post',
        'Accept-Ranges',
        'Content-Range',
        'ETag',
        'Link',
        'Location',
      ],
      maxAge: 86_400,
    });
  }
  await registerAuth(app, deps.config.auth);
  await registerApiDescription(app, version);
  // Only for `reply.sendFile`: each route names the folder it sends from.
  await app.register(fastifyStatic, { serve: false });
  await app.register(autoload, {
    dir: join(import.meta.dirname, '../routes'),
  });
  addOtherMethods();
  await app.ready();
  return app;
}
