import { randomUUID } from 'node:crypto';
import type { TrackKind } from '../../src/media/access-unit.ts';
import type { VideoClip } from '../publisher/clip.ts';
import { ClipFeed } from './clip-feed.ts';
import { newSession, noStats, type SessionJson, type StreamJson } from './stream-json.ts';
import { WhepPeer, type WhepPeerOptions } from './whep-peer.ts';

/** What is published. */
export interface StandInStreamOptions {
  /** Both by default. */
  kinds?: readonly TrackKind[];
  clip?: VideoClip;
  /** Go to the next keyframe when one is asked for; true by default. Flashes and beeps part then. */
  keyframeOnRequest?: boolean;
  /** RIDs of a simulcast publisher; all of them are the same clip here. */
  layers?: string[];
}

/** What a stream needs of its node. */
interface StandInNode {
  lingerMs: number;
  peer: Omit<WhepPeerOptions, 'kinds'>;
  onChange(): void;
}

interface Subscriber {
  peer: WhepPeer;
  session: SessionJson;
}

const CODECS = {
  video: {
    kind: 'video',
    codec: 'h264',
    fmtp: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  },
  audio: { kind: 'audio', codec: 'opus', fmtp: 'minptime=10;useinbandfec=1' },
} as const;

/** One stream of a {@link import('./live777-stand-in.ts').Live777StandIn}. */
export class StandInStream {
  readonly id: string;
  /** RIDs, empty for a publisher without simulcast. */
  layers: string[] = [];
  /** What sessions chose, by their ids. */
  readonly selectedLayers = new Map<string, string>();
  readonly #node: StandInNode;
  readonly #json: StreamJson;
  readonly #subscribers = new Map<string, Subscriber>();
  #feed: ClipFeed | undefined;
  #kinds: readonly TrackKind[] = [];
  #keyframeOnRequest = true;
  #muted = false;

  constructor(id: string, node: StandInNode) {
    this.id = id;
    this.#node = node;
    const createdAt = Date.now();
    this.#json = {
      id,
      createdAt,
      publish: { leaveAt: 0, sessions: [] },
      subscribe: { leaveAt: createdAt, sessions: [] },
      codecs: [],
      provisioned: false,
      onDemand: false,
      stats: { publish: noStats(), subscribe: noStats() },
      statsScope: 'node',
    };
  }

  /** Somebody publishes it. */
  get isLive(): boolean {
    return this.#feed !== undefined;
  }

  /** Nobody publishes it, nobody is subscribed, and nobody is remembered to have published it. */
  get isOrphan(): boolean {
    return !this.isLive && this.#subscribers.size === 0 && this.#json.publish.leaveAt === 0;
  }

  /** The subscribers' sides that are there now. */
  get peers(): WhepPeer[] {
    return [...this.#subscribers.values()].map(({ peer }) => peer);
  }

  publish({
    kinds = ['video', 'audio'],
    clip = 'flash-and-beep.h264',
    keyframeOnRequest = true,
    layers = [],
  }: StandInStreamOptions): void {
    if (this.#feed) throw new Error(`${this.id} is published already`);
    this.#feed = new ClipFeed(kinds, clip);
    this.#feed.muted = this.#muted;
    this.#kinds = kinds;
    this.#keyframeOnRequest = keyframeOnRequest;
    this.layers = layers;
    const { publish } = this.#json;
    publish.leaveAt = 0;
    publish.sessions = [newSession(randomUUID(), 'connected')];
    this.#json.codecs = kinds.map((kind) => CODECS[kind]);
    for (const { peer } of this.#subscribers.values()) this.#feed.receivers.add(peer);
    this.#node.onChange();
  }

  unpublish(): void {
    this.#feed?.close();
    this.#feed = undefined;
    this.#json.codecs = [];
    const { publish } = this.#json;
    publish.leaveAt = Date.now();
    for (const session of publish.sessions) this.#leave(session, publish.sessions);
    this.#node.onChange();
  }

  mute(muted: boolean): void {
    this.#muted = muted;
    if (this.#feed) this.#feed.muted = muted;
  }

  /** @throws Error when the offer cannot be answered */
  async subscribe(id: string, offer: string): Promise<WhepPeer> {
    // Without a publisher a real node answers with senders that never send.
    const kinds = this.isLive ? this.#kinds : (['video', 'audio'] as const);
    const peer = await WhepPeer.answer(offer, { ...this.#node.peer, kinds });
    const { subscribe } = this.#json;
    const session = newSession(id, 'connecting');
    subscribe.sessions.push(session);
    subscribe.leaveAt = 0;
    this.#subscribers.set(id, { peer, session });
    this.#feed?.receivers.add(peer);
    peer.onKeyframeRequest = () => {
      if (this.#keyframeOnRequest) this.#feed?.jumpToKeyframe();
    };
    peer.onState = (state) => {
      if (session.leaveAt !== 0) return;
      session.state = state;
      this.#node.onChange();
    };
    this.#node.onChange();
    return peer;
  }

  /** Ends a subscriber's session; quiet for one that is not there. */
  async unsubscribe(id: string): Promise<void> {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) return;
    this.#subscribers.delete(id);
    this.#feed?.receivers.delete(subscriber.peer);
    const { subscribe } = this.#json;
    this.#leave(subscriber.session, subscribe.sessions);
    if (this.#subscribers.size === 0) subscribe.leaveAt = Date.now();
    this.#node.onChange();
    await subscriber.peer.close();
  }

  /** Makes the statistics move, as every two seconds they do. */
  countStatistics(): void {
    if (!this.isLive) return;
    const { publish, stats } = this.#json;
    for (const counters of [stats.publish, ...publish.sessions.map((session) => session.stats)]) {
      counters.bytes += 61_234;
      counters.packets += 142;
      counters.bitrate = 244_936;
    }
    for (const { session, peer } of this.#subscribers.values()) {
      session.stats.packets = peer.sentPackets;
    }
  }

  /** All that is left of it is gone at once. */
  async vanish(): Promise<void> {
    this.#feed?.close();
    this.#feed = undefined;
    const { peers } = this;
    this.#subscribers.clear();
    await Promise.all(peers.map((peer) => peer.vanish()));
  }

  json(): StreamJson {
    return this.#json;
  }

  /** A session that left stays in its list for a while. */
  #leave(session: SessionJson, list: SessionJson[]): void {
    if (session.leaveAt !== 0) return;
    session.leaveAt = Date.now();
    session.state = 'closed';
    session.stats.bitrate = 0;
    setTimeout(() => {
      const index = list.indexOf(session);
      if (index < 0) return;
      list.splice(index, 1);
      this.#node.onChange();
    }, this.#node.lingerMs).unref();
  }
}
