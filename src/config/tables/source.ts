import { type Static, Type } from 'typebox';
import { StreamId } from '../../layout/stream-id.ts';
import { CLOSED } from './values.ts';

/** A table `[[recorder.sources]]`. */
export const SourceTable = Type.Object(
  {
    // Exactly one of url and whep, which `sourceProblems` checks.
    url: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/?#@]+(?:/[^\\s?#]*)?$',
        description: 'the http:// or https:// address of a Live777 node or of Liveman',
        examples: ['http://127.0.0.1:7777'],
      }),
    ),
    whep: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/?#@]+(?:[/?][^\\s#]*)?$',
        description: 'the http:// or https:// address of a WHEP endpoint',
        examples: ['http://127.0.0.1:8889/cam1/whep'],
      }),
    ),
    stream: Type.Optional(StreamId),
    // The value becomes part of a header field (RFC 9110 §5.5).
    token: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]*$',
        description: 'a token without spaces',
        examples: ['live777'],
      }),
    ),
  },
  CLOSED,
);
export type SourceTable = Static<typeof SourceTable>;

/** The table `recorder.shard`. */
export const ShardTable = Type.Object(
  {
    index: Type.Integer({
      minimum: 0,
      maximum: 999,
      description: 'a whole number from 0 to count - 1',
      examples: [0],
    }),
    count: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'a whole number from 1 to 1000',
      examples: [3],
    }),
  },
  { ...CLOSED, description: 'a table { index, count }', examples: [{ index: 0, count: 3 }] },
);
