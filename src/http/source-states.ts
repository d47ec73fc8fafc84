import type { PullStatus, StreamStatus } from '../recorder.ts';
import type { NodeState } from '../sources/node-watch.ts';
import type { SourceEndpoint } from '../sources/sources.ts';

/** A source as `GET /api/sources` shows it. */
export interface SourceState {
  url: string;
  stream?: string;
  state: NodeState['connection'] | 'connected' | 'idle';
  /** ms since the Unix epoch. */
  since: number;
  live_streams: number;
  error?: string;
}

/**
 * The state of every source: the state of its node, and the failures of the streams that are pulled
 * from it, since a node may list streams and not respond when one is pulled.
 * @param statuses of all known streams
 */
export function sourceStates(
  nodes: readonly NodeState[],
  endpoints: readonly SourceEndpoint[],
  statuses: readonly StreamStatus[],
): SourceState[] {
  const pulls = new Map(statuses.flatMap(({ stream, pull }) => (pull ? [[stream, pull]] : [])));
  return [
    ...nodes.map((node) => ofNode(node, pulls)),
    ...endpoints.map((endpoint) => ofEndpoint(endpoint, pulls.get(endpoint.stream))),
  ];
}

function ofNode(
  { url, connection: state, sinceMs, liveStreams, error }: NodeState,
  pulls: ReadonlyMap<string, PullStatus>,
): SourceState {
  let shown = error;
  for (const [stream, { failures }] of pulls) {
    const failure = failures.find(({ node }) => node === url);
    if (failure !== undefined) shown ??= `stream ${JSON.stringify(stream)}: ${failure.message}`;
  }
  return {
    url,
    state,
    since: Math.floor(sinceMs),
    live_streams: liveStreams,
    ...(shown !== undefined && { error: shown }),
  };
}

function ofEndpoint({ url, stream }: SourceEndpoint, pull: PullStatus | undefined): SourceState {
  const failure = pull?.failures.find(({ node }) => node === url);
  const isConnected = pull?.connected === true && pull.node === url;
  const sinceMs = failure?.sinceMs ?? pull?.sinceMs ?? performance.timeOrigin;
  return {
    url,
    stream,
    state: endpointState(url, pull, isConnected),
    since: Math.floor(sinceMs),
    live_streams: Number(isConnected),
    ...(failure !== undefined && { error: failure.message }),
  };
}

function endpointState(
  url: string,
  pull: PullStatus | undefined,
  isConnected: boolean,
): SourceState['state'] {
  if (isConnected) return 'connected';
  const failure = pull?.failures.find(({ node }) => node === url);
  if (failure !== undefined) return failure.isUnauthorized ? 'unauthorized' : 'unreachable';
  return pull?.node === url ? 'connecting' : 'idle';
}
