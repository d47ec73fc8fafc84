import { Type } from 'typebox';

/** The rule for names of streams, for messages. */
export const STREAM_ID_RULE =
  'the name of a stream: 1 to 255 characters, none of them a control character, no "." or ".." between slashes; "segments" and "object" are reserved';

/** Name of a stream; percent-encoded in URLs. */
export const StreamId = Type.String({
  title: 'StreamId',
  minLength: 1,
  maxLength: 255,
  pattern:
    '^(?!(?:segments|object)$)(?!(?:[\\s\\S]*[/\\\\])?\\.{1,2}(?:[/\\\\]|$))[^\\u0000-\\u001f\\u007f-\\u009f]+$',
  description: STREAM_ID_RULE,
  examples: ['cam1'],
});
