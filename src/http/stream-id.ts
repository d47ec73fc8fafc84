import { Type } from 'typebox';
import { errorReply } from './errors.ts';

const rule =
  'the name of a stream: 1 to 255 characters, none of them a control character, no "." or ".." between slashes; "segments" and "object" are reserved';

/** Name of a stream, as it stands (percent-encoded) in addresses. */
export const StreamId = Type.String({
  title: 'StreamId',
  minLength: 1,
  maxLength: 255,
  pattern:
    '^(?!(?:segments|object)$)(?!(?:[\\s\\S]*[/\\\\])?\\.{1,2}(?:[/\\\\]|$))[^\\u0000-\\u001f\\u007f-\\u009f]+$',
  description: rule,
  examples: ['cam1'],
});

/** Path parameter of the routes that are about one stream. */
export const StreamParams = Type.Object({ stream: StreamId });

/** The reply to a request with another name than {@link StreamId} allows. */
export const badStreamId = errorReply(
  'The name of the stream cannot be used.',
  `stream: must be ${rule}`,
);
