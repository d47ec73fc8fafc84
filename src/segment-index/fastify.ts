import type {} from 'fastify';
import type { SegmentIndex } from './segment-index.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** All segments of this node. */
    segmentIndex: SegmentIndex;
  }
}
