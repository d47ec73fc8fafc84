/** A session as Live777 0.9 lists it. */
export interface SessionJson {
  id: string;
  createdAt: number;
  /** 0 while it is there, then when it left: ms since the Unix epoch. */
  leaveAt: number;
  state: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
  hasDataChannel: boolean;
  stats: StatsJson;
}

/** Counters of Live777. */
export interface StatsJson {
  bytes: number;
  packets: number;
  bitrate: number;
}

/** The publishing or the subscribing side of a stream. */
export interface PubSubJson {
  leaveAt: number;
  sessions: SessionJson[];
}

/** A stream as Live777 0.9 lists it in `GET /api/streams/` and over SSE. */
export interface StreamJson {
  id: string;
  createdAt: number;
  publish: PubSubJson;
  subscribe: PubSubJson;
  codecs: { kind: string; codec: string; fmtp: string }[];
  provisioned: boolean;
  onDemand: boolean;
  stats: { publish: StatsJson; subscribe: StatsJson };
  statsScope: 'node' | 'clusterNodeWork';
}

/** Counters of something that just began. */
export function noStats(): StatsJson {
  return { bytes: 0, packets: 0, bitrate: 0 };
}

/** A session that begins now. */
export function newSession(id: string, state: SessionJson['state']): SessionJson {
  return { id, createdAt: Date.now(), leaveAt: 0, state, hasDataChannel: false, stats: noStats() };
}
