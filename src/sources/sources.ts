import { type Clock, systemClock } from '../clock/clock.ts';
import { streamMatcher } from '../layout/stream-pattern.ts';
import { type NodeState, NodeWatch, type SourcesLog } from './node-watch.ts';
import type { PullPlan, PullTarget } from './pull-plan.ts';
import { shardOf } from './shard.ts';
import type {
  NodeSourceConfig,
  ShardConfig,
  SourceConfig,
  WhepSourceConfig,
} from './source-options.ts';
import { type Sighting, StreamDirectory } from './stream-directory.ts';

/** Delay before the first pull, so that all nodes can list their streams, ms. */
const SETTLE_MS = 1000;

/** Events for the recorder that pulls. The callbacks must not throw. */
export interface SourcesEvents {
  /**
   * The stream is live and should be pulled; or its targets have changed, it was published again,
   * or it is back after {@link onHold}: a pending retry should start at once.
   */
  onPull(plan: PullPlan): void;
  /**
   * No node that responds lists the stream, but it may come back, as after the restart of a node.
   * Its recording should stay open, and no target should be asked for it, because a node creates a
   * stream that is requested and does not exist. `onPull` or {@link onRelease} follows.
   */
  onHold?(stream: string): void;
  /**
   * The stream is no longer live: gone from all nodes, or away for longer than the grace period.
   */
  onRelease(stream: string): void;
}

/** Options of {@link Sources}. */
export interface SourcesOptions {
  sources: readonly SourceConfig[];
  /** Patterns of the streams that are pulled automatically. */
  autoStreams: readonly string[];
  /** The share of all streams that this recorder pulls automatically; absent for all. */
  shard?: ShardConfig | undefined;
  /** How long a stream that has disappeared counts as live, ms. */
  resumeGraceMs: number;
  log: SourcesLog;
  events: SourcesEvents;
  clock?: Clock;
  /** Random numbers from 0 to 1 that spread the attempts of several recorders. */
  random?: () => number;
}

/** A WHEP endpoint configured for one stream. */
export interface SourceEndpoint {
  stream: string;
  /** Its address without the query, which may contain a secret. */
  url: string;
}

/** A stream that is live. */
export interface SourceStream {
  stream: string;
  /** Base addresses of the nodes that have the stream, or its endpoint, best first. */
  nodes: string[];
  /** Codec names; empty if no node reports them. */
  codecs: string[];
}

/** A stream that is being pulled. */
interface Pulled {
  plan: PullPlan;
  held: boolean;
}

/**
 * Follows all sources and decides which of their streams this recorder pulls, and from where: those
 * that match `auto_streams` or have an endpoint of their own, if they belong to its shard, and
 * those that an operator requests.
 */
export class Sources {
  readonly #options: SourcesOptions;
  readonly #clock: Clock;
  /** True if a pattern of `auto_streams` matches. */
  #isNamed: (stream: string) => boolean;
  readonly #isAutomatic: (stream: string) => boolean;
  readonly #tokens = new Map<string, string>();
  readonly #endpoints = new Map<string, PullTarget[]>();
  /** By address, in the order of the configuration. */
  #watches = new Map<string, NodeWatch>();
  /** Watches that are being closed. */
  readonly #leaving = new Set<NodeWatch>();
  readonly #directory: StreamDirectory;
  /** Nodes that have not responded yet. */
  readonly #awaited = new Set<string>();
  readonly #wanted = new Set<string>();
  readonly #unwanted = new Set<string>();
  /** Live streams without a request that have been logged. */
  readonly #leftAlone = new Set<string>();
  readonly #pulled = new Map<string, Pulled>();
  #cancelSettling: (() => void) | undefined;
  #isSettled = false;

  constructor(options: SourcesOptions) {
    const { sources, autoStreams, shard, resumeGraceMs: graceMs } = options;
    this.#options = options;
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.#isNamed = streamMatcher(autoStreams);
    this.#isAutomatic = (stream) =>
      (this.#endpoints.has(stream) || this.#isNamed(stream)) &&
      (shard === undefined || shardOf(stream, shard.count) === shard.index);
    this.#directory = new StreamDirectory({
      clock,
      graceMs,
      onChange: (stream) => this.#decide(stream),
    });
    for (const source of sources) {
      if ('whep' in source) this.#addEndpoint(source);
      else {
        this.#awaited.add(source.url);
        this.#watches.set(source.url, this.#watch(source));
      }
    }
  }

  /** Starts; call it once. */
  start(): void {
    for (const watch of this.#watches.values()) watch.start();
    if (this.#awaited.size === 0) this.#settle();
    else this.#cancelSettling = this.#clock.after(SETTLE_MS, () => this.#settle());
  }

  /**
   * Changes the nodes, the endpoints and the patterns. A node that stays is followed without a
   * break; the streams of one that leaves are released unless another node has them.
   */
  apply({ sources, autoStreams }: Pick<SourcesOptions, 'sources' | 'autoStreams'>): void {
    const known = new Set([...this.#names(), ...this.#pulled.keys()]);
    this.#isNamed = streamMatcher(autoStreams);
    this.#endpoints.clear();
    const before = this.#watches;
    const nodes = sources.filter((source) => 'url' in source);
    this.#watches = new Map();
    for (const source of sources) if ('whep' in source) this.#addEndpoint(source);
    for (const [url, watch] of before) {
      const same = nodes.find((node) => node.url === url && node.token === this.#tokens.get(url));
      if (same !== undefined) continue;
      before.delete(url);
      this.#leave(watch);
      this.#awaited.delete(url);
      if (!nodes.some((node) => node.url === url)) this.#directory.forget(url);
    }
    this.#tokens.clear();
    for (const source of nodes) {
      const watch = before.get(source.url) ?? this.#watch(source);
      if (source.token !== undefined) this.#tokens.set(source.url, source.token);
      this.#watches.set(source.url, watch);
      watch.start();
    }
    this.#leftAlone.clear();
    for (const stream of known.union(this.#names())) this.#decide(stream);
  }

  /**
   * An operator requests a stream: it is pulled as soon as a node has it, regardless of
   * `auto_streams` and the shard, and again when it is published later. `onPull` may be called
   * before this returns.
   */
  want(stream: string): void {
    this.#wanted.add(stream);
    this.#unwanted.delete(stream);
    this.#decide(stream);
  }

  /**
   * An operator no longer wants a stream, not even automatically while it stays live. No callback
   * is called: the caller stops pulling.
   */
  unwant(stream: string): void {
    this.#wanted.delete(stream);
    this.#pulled.delete(stream);
    if (this.#isPresent(stream)) this.#unwanted.add(stream);
  }

  /**
   * True if a node lists the stream as live now. An endpoint of a WHEP server always counts as
   * live, because only an attempt can tell.
   */
  has(stream: string): boolean {
    return (
      this.#endpoints.has(stream) ||
      this.#directory.sightings(stream).some(({ state }) => state === 'live')
    );
  }

  /** The state of each node, in the order of the configuration. */
  state(): NodeState[] {
    return [...this.#watches.values()].map((watch) => watch.state());
  }

  /** The WHEP endpoints of single streams, in the order of the configuration. */
  endpoints(): SourceEndpoint[] {
    return [...this.#endpoints].flatMap(([stream, targets]) =>
      targets.map(({ node }) => ({ stream, url: node })),
    );
  }

  /** All live streams, pulled or not, by name. */
  streams(): SourceStream[] {
    return [...this.#names()]
      .filter((stream) => this.has(stream))
      .sort()
      .map((stream) => {
        const live = this.#directory.sightings(stream).filter(({ state }) => state === 'live');
        const endpoints = this.#endpoints.get(stream) ?? [];
        return {
          stream,
          nodes: [...endpoints, ...live].map(({ node }) => node),
          codecs: [...(live.find(({ info }) => info.codecs.length > 0)?.info.codecs ?? [])],
        };
      });
  }

  /** Stops without callbacks; resolves when nothing is in progress any more. */
  async close(): Promise<void> {
    this.#isSettled = false;
    this.#cancelSettling?.();
    const watches = [...this.#watches.values(), ...this.#leaving];
    await Promise.all(watches.map((watch) => watch.close()));
    this.#directory.close();
  }

  /** All streams that a node has, or that have an endpoint. */
  #names(): Set<string> {
    return this.#directory.streams().union(new Set(this.#endpoints.keys()));
  }

  #watch(source: NodeSourceConfig): NodeWatch {
    const { log, random } = this.#options;
    const { url, token } = source;
    if (token !== undefined) this.#tokens.set(url, token);
    const watch = new NodeWatch({
      source,
      clock: this.#clock,
      ...(random && { random }),
      log,
      onListing: (streams, unbroken) => {
        if (this.#watches.get(url) !== watch) return;
        this.#directory.listed(url, streams, unbroken);
        this.#heardFrom(url);
      },
      onLost: () => {
        if (this.#watches.get(url) !== watch) return;
        this.#directory.lost(url);
        this.#heardFrom(url);
      },
    });
    return watch;
  }

  /** Ends the watch of a node that is no longer configured. */
  #leave(watch: NodeWatch): void {
    this.#leaving.add(watch);
    void watch.close().then(() => this.#leaving.delete(watch));
  }

  #addEndpoint({ whep, stream, token }: WhepSourceConfig): void {
    const { origin, pathname } = new URL(whep);
    const target = { url: whep, ...(token && { token }), node: `${origin}${pathname}` };
    this.#endpoints.set(stream, [...(this.#endpoints.get(stream) ?? []), target]);
  }

  #heardFrom(url: string): void {
    if (this.#awaited.delete(url) && this.#awaited.size === 0 && !this.#isSettled) this.#settle();
  }

  #settle(): void {
    this.#cancelSettling?.();
    this.#isSettled = true;
    for (const stream of this.#names()) this.#decide(stream);
  }

  /** Whether its current publication continues, as far as known. */
  #isPresent(stream: string): boolean {
    return (
      this.#endpoints.has(stream) ||
      this.#directory.sightings(stream).some(({ state }) => state !== 'idle')
    );
  }

  /** Compares what should be pulled with what is, and calls back for the difference. */
  #decide(stream: string): void {
    if (!this.#isPresent(stream)) {
      this.#unwanted.delete(stream);
      this.#leftAlone.delete(stream);
    }
    if (!this.#isSettled) return;
    const isWanted =
      this.#wanted.has(stream) || (!this.#unwanted.has(stream) && this.#isAutomatic(stream));
    if (!isWanted) {
      this.#tellLeftAlone(stream);
      // Other patterns or endpoints were configured; `unwant` has removed it itself.
      if (this.#pulled.delete(stream)) this.#options.events.onRelease(stream);
      return;
    }
    const sightings = this.#directory.sightings(stream);
    const plan = this.#planOf(stream, sightings);
    const pulled = this.#pulled.get(stream);
    const { events } = this.#options;
    if (plan !== undefined) {
      if (pulled && !pulled.held && isSame(pulled.plan, plan)) return;
      this.#pulled.set(stream, { plan, held: false });
      events.onPull(plan);
    } else if (pulled === undefined) {
      return;
    } else if (sightings.some(({ state }) => state === 'held')) {
      if (pulled.held) return;
      pulled.held = true;
      events.onHold?.(stream);
    } else {
      this.#pulled.delete(stream);
      events.onRelease(stream);
    }
  }

  #tellLeftAlone(stream: string): void {
    if (this.#isNamed(stream) || this.#unwanted.has(stream) || this.#leftAlone.has(stream)) return;
    if (!this.has(stream)) return;
    this.#leftAlone.add(stream);
    this.#options.log.info(
      { stream },
      'live on a node but not recorded: no pattern of auto_streams matches',
    );
  }

  #planOf(stream: string, sightings: readonly Sighting[]): PullPlan | undefined {
    const usable = sightings.filter(
      ({ state }) => state === 'live' || (state === 'idle' && this.#wanted.has(stream)),
    );
    const targets = [
      ...(this.#endpoints.get(stream) ?? []),
      ...usable.map(({ node }) => this.#targetAt(node, stream)),
    ];
    if (targets.length === 0) return undefined;
    const publishers = usable.flatMap(({ info }) => (info.relayed ? [] : info.publishers));
    return { stream, targets, publication: publishers.sort().join(' ') };
  }

  #targetAt(node: string, stream: string): PullTarget {
    const token = this.#tokens.get(node);
    return {
      url: `${node}/whep/${encodeURIComponent(stream)}`,
      ...(token === undefined ? {} : { token }),
      node,
    };
  }
}

function isSame(a: PullPlan, b: PullPlan): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
