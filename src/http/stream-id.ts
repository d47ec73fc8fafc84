import { Type } from 'typebox';
import { STREAM_ID_RULE, StreamId } from '../layout/stream-id.ts';
import { errorReply } from './errors.ts';

/** Path parameter of the routes for a single stream. */
export const StreamParams = Type.Object({ stream: StreamId });

/** The reply to a stream name that {@link StreamId} does not allow. */
export const badStreamId = errorReply(
  'The stream name is invalid.',
  `stream: must be ${STREAM_ID_RULE}`,
);
