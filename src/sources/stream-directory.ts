import type { Clock } from '../clock/clock.ts';
import type { NodeStream } from './node-streams.ts';
import { rendezvousWeight } from './shard.ts';

/** What is known of a stream on one node. */
export interface Sighting {
  /** Base address of the node. */
  node: string;
  info: NodeStream;
  /**
   * `live`: the node lists the stream as live. `held`: it did, and the stream has disappeared; it
   * counts as live until the grace period is over. `idle`: nothing is sent, but the node fetches
   * the stream on demand.
   */
  state: 'live' | 'held' | 'idle';
}

/** Options of a {@link StreamDirectory}. */
export interface StreamDirectoryOptions {
  clock: Clock;
  /** Grace period of a stream that has disappeared, ms. */
  graceMs: number;
  /** The information about a stream has changed. */
  onChange(stream: string): void;
}

interface Entry {
  sighting: Sighting;
  /** When a held stream is dropped, ms; Infinity while it is not held. */
  heldUntilMs: number;
  /** True if it is held because the connection to the node was lost. */
  lost: boolean;
}

/**
 * Which streams the nodes of a cluster have, according to their listings. A stream that a node no
 * longer lists has ended if the node was followed without interruption, or if it reports that the
 * publisher has left; otherwise the node may have restarted, and publishers need some time to come
 * back.
 */
export class StreamDirectory {
  readonly #options: StreamDirectoryOptions;
  /** By node, then by stream. */
  readonly #nodes = new Map<string, Map<string, Entry>>();
  #cancelExpiry: (() => void) | undefined;

  constructor(options: StreamDirectoryOptions) {
    this.#options = options;
  }

  /**
   * Applies a listing of a node.
   * @param unbroken see `NodeWatchOptions.onListing`
   */
  listed(node: string, streams: readonly NodeStream[], unbroken: boolean): void {
    const entries = this.#entriesOf(node);
    const changed = new Set<string>();
    const missing = new Set(entries.keys());
    for (const info of streams) {
      missing.delete(info.stream);
      if (this.#takeOne(node, entries, info, unbroken)) changed.add(info.stream);
    }
    for (const stream of missing) {
      const entry = entries.get(stream)!;
      if (unbroken && !entry.lost) entries.delete(stream);
      else if (!this.#hold(entries, entry, true)) continue;
      changed.add(stream);
    }
    for (const stream of changed) this.#options.onChange(stream);
  }

  /** A node does not respond: its streams are held for the grace period. */
  lost(node: string): void {
    const entries = this.#entriesOf(node);
    const changed: string[] = [];
    for (const [stream, entry] of entries) {
      if (this.#hold(entries, entry, true)) changed.push(stream);
    }
    for (const stream of changed) this.#options.onChange(stream);
  }

  /** A node is no longer followed: what it had is gone. */
  forget(node: string): void {
    const entries = this.#entriesOf(node);
    this.#nodes.delete(node);
    for (const stream of entries.keys()) this.#options.onChange(stream);
  }

  /**
   * Where a stream is, best first: nodes where it is published, then those that relay it. The order
   * of equal nodes differs between streams, to distribute the load.
   */
  sightings(stream: string): Sighting[] {
    const found: Sighting[] = [];
    for (const entries of this.#nodes.values()) {
      const entry = entries.get(stream);
      if (entry) found.push(entry.sighting);
    }
    if (found.length < 2) return found;
    const pushed = new Set(found.flatMap(({ info }) => info.pushedTo.map(hostAndPath)));
    const isRelay = ({ node, info }: Sighting) =>
      info.relayed || pushed.has(hostAndPath(`${node}/whip/${encodeURIComponent(stream)}`));
    return found
      .map((sighting) => ({
        sighting,
        relay: Number(isRelay(sighting)),
        weight: rendezvousWeight(stream, sighting.node),
      }))
      .sort((a, b) => a.relay - b.relay || b.weight - a.weight)
      .map(({ sighting }) => sighting);
  }

  /** Names of all streams that a node has, or had within the grace period. */
  streams(): Set<string> {
    return new Set([...this.#nodes.values()].flatMap((entries) => [...entries.keys()]));
  }

  /** Clears everything without callbacks. */
  close(): void {
    this.#cancelExpiry?.();
    this.#nodes.clear();
  }

  /** @returns whether anything has changed */
  #takeOne(
    node: string,
    entries: Map<string, Entry>,
    info: NodeStream,
    unbroken: boolean,
  ): boolean {
    const entry = entries.get(info.stream);
    if (info.presence === 'live') return this.#put(entries, { node, info, state: 'live' });
    if (entry !== undefined && entry.sighting.state !== 'idle') {
      const hasLeft = entry.sighting.info.publishers.some((name) => info.gone.includes(name));
      const lost = !unbroken || entry.lost;
      if (!hasLeft && (lost || info.presence === 'wavering')) {
        return this.#hold(entries, entry, lost);
      }
    }
    if (info.onDemand) return this.#put(entries, { node, info, state: 'idle' });
    return entries.delete(info.stream);
  }

  #put(entries: Map<string, Entry>, sighting: Sighting): boolean {
    const before = entries.get(sighting.info.stream)?.sighting;
    entries.set(sighting.info.stream, {
      sighting,
      heldUntilMs: Number.POSITIVE_INFINITY,
      lost: false,
    });
    return JSON.stringify(before) !== JSON.stringify(sighting);
  }

  /** @returns whether it was not held before */
  #hold(entries: Map<string, Entry>, entry: Entry, lost: boolean): boolean {
    const { node, info, state } = entry.sighting;
    entry.lost ||= lost;
    if (state === 'held') return false;
    if (state === 'idle') return entries.delete(info.stream);
    const { clock, graceMs } = this.#options;
    entry.sighting = { node, info, state: 'held' };
    entry.heldUntilMs = clock.now() + graceMs;
    // All are held for the same time, so the earliest one expires first.
    this.#cancelExpiry ??= clock.after(graceMs, () => this.#expire());
    return true;
  }

  #expire(): void {
    const { clock, onChange } = this.#options;
    const now = clock.now();
    const dropped = new Set<string>();
    let next = Number.POSITIVE_INFINITY;
    for (const entries of this.#nodes.values()) {
      for (const [stream, { heldUntilMs }] of entries) {
        if (heldUntilMs > now) {
          next = Math.min(next, heldUntilMs);
          continue;
        }
        entries.delete(stream);
        dropped.add(stream);
      }
    }
    this.#cancelExpiry =
      next === Number.POSITIVE_INFINITY ? undefined : clock.after(next - now, () => this.#expire());
    for (const stream of dropped) onChange(stream);
  }

  #entriesOf(node: string): Map<string, Entry> {
    const entries = this.#nodes.get(node) ?? new Map<string, Entry>();
    this.#nodes.set(node, entries);
    return entries;
  }
}

/** The part of an endpoint's address that does not depend on how it is written. */
function hostAndPath(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? url : `${parsed.host}${parsed.pathname}`;
}
