import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { StreamId } from '../layout/stream-id.ts';

/** A stream in a node's listing. */
export interface NodeStream {
  stream: string;
  /**
   * `live`: a publisher is connected. `wavering`: its connection is disturbed and may recover.
   * `off`: no publisher.
   */
  presence: 'live' | 'wavering' | 'off';
  /** The publishers that are connected or disturbed; empty for `off`. */
  publishers: readonly string[];
  /** Publishers that have left and are still listed (by Live777 for 30 s). */
  gone: readonly string[];
  /** The node itself pulls the stream from another one. */
  relayed: boolean;
  /** WHIP endpoints to which the node pushes the stream. */
  pushedTo: readonly string[];
  /** The node fetches the stream from a camera or similar when somebody subscribes. */
  onDemand: boolean;
  /** Codec names, such as `H264`; empty if the node does not report them. */
  codecs: readonly string[];
}

/** All streams of a node at one instant. */
export interface NodeListing {
  streams: NodeStream[];
  /** Names of streams that cannot be recorded because they are not valid paths. */
  unusable: string[];
  /** Differs between two listings if anything has happened on the node, including media. */
  fingerprint: string;
}

const Cascade = Type.Object({
  sourceUrl: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  targetUrl: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

const Session = Type.Object({
  id: Type.String(),
  createdAt: Type.Optional(Type.Number()),
  // Nodes before 0.8 list only connected sessions and omit this.
  leaveAt: Type.Optional(Type.Number()),
  state: Type.String(),
  cascade: Type.Optional(Type.Union([Cascade, Type.Null()])),
});
type Session = Static<typeof Session>;

const Listing = Compile(
  Type.Array(
    Type.Object({
      id: Type.String(),
      publish: Type.Object({ sessions: Type.Array(Session) }),
      subscribe: Type.Optional(Type.Object({ sessions: Type.Array(Session) })),
      codecs: Type.Optional(Type.Array(Type.Object({ codec: Type.String() }))),
      onDemand: Type.Optional(Type.Boolean()),
      stats: Type.Optional(
        Type.Object({ publish: Type.Optional(Type.Object({ bytes: Type.Number() })) }),
      ),
    }),
  ),
);
type ListedStream = Static<ReturnType<(typeof Listing)['Type']>>[number];

const usableName = Compile(StreamId);

/**
 * Parses the reply to `GET /api/streams/` and the events of Live777 and Liveman.
 * @param base address of the node, without a trailing slash
 * @throws Error for any other reply
 */
export function readListing(json: string, base: string): NodeListing {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new Error('does not reply with JSON');
  }
  if (!Listing.Check(document)) {
    const [error] = Listing.Errors(document);
    throw new Error(
      `does not reply with a list of streams (${error?.instancePath || '/'} ${error?.message})`,
    );
  }
  const listed = [...document].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    streams: listed
      .filter(({ id }) => usableName.Check(id))
      .map((stream) => readStream(stream, base)),
    unusable: listed.filter(({ id }) => !usableName.Check(id)).map(({ id }) => id),
    fingerprint: JSON.stringify(
      listed.map(({ id, publish, stats }) => [
        id,
        publish.sessions.map((session) => `${session.id} ${session.state}`).sort(),
        stats?.publish?.bytes,
      ]),
    ),
  };
}

function readStream(listed: ListedStream, base: string): NodeStream {
  // A recorder that pulls from a Liveman may itself be one of its nodes. Then Liveman lists the
  // recorder's own session, which must not keep a stream alive that nobody publishes any more.
  const sessions = listed.publish.sessions.filter(
    ({ cascade }) => !cascade?.sourceUrl?.startsWith(`${base}/`),
  );
  const present = sessions.filter(({ leaveAt = 0 }) => leaveAt === 0);
  const connected = present.filter(({ state }) => state === 'connected');
  const wavering = present.filter(({ state }) => state === 'disconnected');
  const publishers = connected.length > 0 ? connected : wavering;
  return {
    stream: listed.id,
    presence: connected.length > 0 ? 'live' : wavering.length > 0 ? 'wavering' : 'off',
    publishers: publishers.map(publisherName).sort(),
    gone: sessions
      .filter(({ leaveAt = 0, state }) => leaveAt > 0 || state === 'closed' || state === 'failed')
      .map(publisherName),
    relayed: publishers.length > 0 && publishers.every(({ cascade }) => cascade?.sourceUrl),
    pushedTo: (listed.subscribe?.sessions ?? []).flatMap(({ leaveAt = 0, cascade }) =>
      leaveAt === 0 && cascade?.targetUrl ? [cascade.targetUrl] : [],
    ),
    onDemand: listed.onDemand ?? false,
    codecs: (listed.codecs ?? []).map(({ codec }) => codec),
  };
}

/** A source that the node fetches itself always has the same id. */
function publisherName({ id, createdAt }: Session): string {
  return createdAt === undefined ? id : `${id}@${createdAt}`;
}
