import type { Config } from '../config/config.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { RangeSources } from '../playback/select-range.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { Recorder } from '../recorder.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { Sources } from '../sources/sources.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Access, Authorizer } from './auth.ts';
import type { TrustsAddress } from './trusted-proxy.ts';

declare module 'fastify' {
  interface FastifyInstance {
    config: Config;
    recorder: Recorder;
    /** Undefined where no proxy is trusted. */
    trustsProxy: TrustsAddress | undefined;
    segmentIndex: SegmentIndex;
    sources: Pick<Sources, 'state' | 'endpoints' | 'streams'>;
    recordCatalogue: RecordCatalogue;
    store: ObjectStore;
    /** What was recorded, wherever its bytes are. */
    recordedObjects: RecordedObjects;
    /** Where a range of what was recorded is looked up. */
    rangeSources: RangeSources;
    authorizer: Authorizer;
  }

  interface FastifyContextConfig {
    /** What a caller must be allowed to do; by default `read` below `/api`, `open` elsewhere. */
    access?: Access;
    /** The body may be left out; only for the API's description. */
    bodyOptional?: boolean;
    /**
     * Whether a request is about this stream and no other, for tokens that are for one stream. By
     * default it is when its path, or a query that the route knows, names the stream.
     */
    concerns?: (request: FastifyRequest, stream: string) => boolean;
  }
}
