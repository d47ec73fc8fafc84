import type { PayloadFormat } from '../media/payload-format.ts';
import type { HeaderExtensions } from './header-extensions.ts';
import type { MediaSection } from './media-section.ts';
import type { RtpHeader } from './rtp-header.ts';
import { SsrcTable } from './ssrc-table.ts';

/** Maximum number of SSRCs; an SFU that changes them at each switch leaves the old ones behind. */
const MAXIMUM_SOURCES = 64;
/**
 * A source that has been silent for this long may be replaced by one that it had replaced itself,
 * µs.
 */
const QUIET_US = 1_000_000;

/**
 * Maximum number of layers per section; a further one replaces one that has been silent for long.
 */
const MAXIMUM_LAYERS = 8;
const STALE_US = 5_000_000;

/** An encoding of a section's picture; most sections have only one. */
export interface RouteLayer {
  /** Number in the order of arrival, from 0. */
  readonly number: number;
  /** Restriction identifier (RFC 8852), once a packet has contained it. */
  readonly rid: string | undefined;
}

/** The destination of a packet. */
export interface Route {
  readonly section: MediaSection;
  /** Index of the section in the list given to the demultiplexer. */
  readonly index: number;
  /** Layer of the section (simulcast encoding). */
  readonly layer: RouteLayer;
  /**
   * 'primary': the stream itself; 'takeover': the stream, but with a new SSRC from this packet on;
   * 'retransmission': RFC 4588 payload of the layer's current primary stream.
   */
  readonly kind: 'primary' | 'takeover' | 'retransmission';
}

/** What is known of one SSRC. */
interface Source {
  section: Section;
  /** Restriction identifier (RFC 8852); for a retransmission, that of the stream it repairs. */
  rid: string | undefined;
  /** For a retransmission announced in an FID group: the SSRC of the stream it repairs. */
  repairs: number | undefined;
  /** True if it was ever the primary stream of a layer. */
  wasPrimary: boolean;
}

/** An encoding of a section's picture, and the source from which it is received. */
class Layer implements RouteLayer {
  readonly number: number;
  readonly primary: Route;
  readonly takeover: Route;
  readonly retransmission: Route;
  ssrc: number;
  rid: string | undefined;
  lastPacketUs = 0;

  constructor(section: MediaSection, index: number, number: number, ssrc: number) {
    this.number = number;
    this.ssrc = ssrc;
    this.primary = { section, index, layer: this, kind: 'primary' };
    this.takeover = { section, index, layer: this, kind: 'takeover' };
    this.retransmission = { section, index, layer: this, kind: 'retransmission' };
  }
}

/** A media section and its layers: one, unless several encodings are sent simultaneously. */
class Section {
  readonly media: MediaSection;
  readonly mid: Buffer;
  readonly formats: (PayloadFormat | undefined)[] = new Array(128).fill(undefined);
  readonly layers: Layer[] = [];
  readonly #index: number;

  constructor(media: MediaSection, index: number) {
    this.media = media;
    this.mid = Buffer.from(media.mid);
    this.#index = index;
    for (const format of media.formats) this.formats[format.payloadType & 0x7f] = format;
  }

  /** The layer that is currently received from an SSRC. */
  fedFrom(ssrc: number): Layer | undefined {
    for (const layer of this.layers) if (layer.ssrc === ssrc) return layer;
    return undefined;
  }

  /** The layer that an SSRC may take over; undefined if it is a further layer. */
  heirTo(rid: string | undefined, arrivalUs: number): Layer | undefined {
    const [only] = this.layers;
    if (only === undefined) return undefined;
    const same = rid === undefined ? undefined : this.layers.find((layer) => layer.rid === rid);
    if (same !== undefined) return same;
    const mayBeOne = this.media.layers === undefined && this.layers.length === 1;
    if (mayBeOne && (rid === undefined || only.rid === undefined)) return only;
    if (this.layers.length < MAXIMUM_LAYERS) return undefined;
    return this.layers.find(({ lastPacketUs }) => arrivalUs - lastPacketUs > STALE_US) ?? only;
  }

  /** Adds a layer. */
  add(ssrc: number): Layer {
    const layer = new Layer(this.media, this.#index, this.layers.length, ssrc);
    this.layers.push(layer);
    return layer;
  }
}

/**
 * Determines the media section of a BUNDLE group to which a packet belongs (RFC 9143 §9.2): by its
 * MID, else by its SSRC (learned, or announced in the SDP), else by a payload type that only one
 * section has. It also distinguishes the layers of a section by RID (RFC 8852) or SSRC, and selects
 * one of several streams of a layer at a time.
 */
export class Demultiplexer {
  readonly #sections: Section[];
  readonly #sources = new SsrcTable<Source>(MAXIMUM_SOURCES);
  /** The only section with this payload type; undefined if there is none or several. */
  readonly #byPayloadType: (Section | undefined)[] = new Array(128).fill(undefined);

  /** @param sections all negotiated sections */
  constructor(sections: readonly MediaSection[]) {
    this.#sections = sections.map((media, index) => new Section(media, index));
    const ambiguous = new Set<number>();
    for (const section of this.#sections) {
      for (const { payloadType } of section.media.formats) {
        const number = payloadType & 0x7f;
        const owner = this.#byPayloadType[number];
        if (owner !== undefined && owner !== section) ambiguous.add(number);
        this.#byPayloadType[number] = section;
      }
      for (const ssrc of section.media.ssrcs) this.#learn(ssrc, section);
      for (const [primary, retransmission] of section.media.retransmissionSsrcs) {
        this.#learn(primary, section);
        this.#learn(retransmission, section).repairs = primary;
      }
    }
    for (const payloadType of ambiguous) this.#byPayloadType[payloadType] = undefined;
  }

  /**
   * The route of an authenticated packet.
   *
   * @param extensions parsed from the same packet
   * @param arrivalUs µs since the Unix epoch on the steady clock
   * @returns undefined for a packet to drop: it belongs to no section, its payload type was not
   * negotiated there, or it belongs to a stream that is not in use
   */
  route(
    datagram: Buffer,
    header: RtpHeader,
    extensions: HeaderExtensions,
    arrivalUs: number,
  ): Route | undefined {
    const source = this.#sourceOf(datagram, header, extensions);
    if (source === undefined) return undefined;
    const section = source.section;
    const format = section.formats[header.payloadType];
    if (format === undefined) return undefined;
    if (format.codec === 'rtx') return this.#routeRetransmission(datagram, source, extensions);
    if (source.repairs !== undefined) return undefined;
    source.rid ??= readText(datagram, extensions, section.media.extensions.rid);
    return this.#routePrimary(header.ssrc, source, arrivalUs);
  }

  #sourceOf(datagram: Buffer, header: RtpHeader, extensions: HeaderExtensions): Source | undefined {
    let hasMid = false;
    for (const section of this.#sections) {
      const position = extensions.find(section.media.extensions.mid);
      if (position < 0) continue;
      hasMid = true;
      if (!hasBytes(datagram, extensions, position, section.mid)) continue;
      const known = this.#sources.get(header.ssrc);
      return known?.section === section ? known : this.#learn(header.ssrc, section);
    }
    // An unknown MID belongs to a section that was rejected.
    if (hasMid) return undefined;
    const known = this.#sources.get(header.ssrc);
    if (known !== undefined) return known;
    const section = this.#byPayloadType[header.payloadType];
    return section === undefined ? undefined : this.#learn(header.ssrc, section);
  }

  #routeRetransmission(
    datagram: Buffer,
    source: Source,
    extensions: HeaderExtensions,
  ): Route | undefined {
    const { section } = source;
    const { layers, media } = section;
    if (source.repairs !== undefined) return section.fedFrom(source.repairs)?.retransmission;
    source.rid ??= readText(datagram, extensions, media.extensions.repairedRid);
    const { rid } = source;
    const [only] = layers;
    if (layers.length === 1 && (rid === undefined || only!.rid === undefined)) {
      return only!.retransmission;
    }
    if (rid === undefined) return undefined;
    return layers.find((layer) => layer.rid === rid)?.retransmission;
  }

  #routePrimary(ssrc: number, source: Source, arrivalUs: number): Route | undefined {
    const { section } = source;
    let layer = section.fedFrom(ssrc);
    let route = layer?.primary;
    if (layer === undefined) {
      layer = section.heirTo(source.rid, arrivalUs);
      // A source that was replaced does not return while its successor is active: its last packets
      // are late, or the sender sends both, and the track would alternate.
      if (layer !== undefined && source.wasPrimary && arrivalUs - layer.lastPacketUs < QUIET_US) {
        return undefined;
      }
      route = layer?.takeover;
      layer ??= section.add(ssrc);
      layer.ssrc = ssrc;
      layer.rid = undefined;
      source.wasPrimary = true;
    }
    layer.rid ??= source.rid;
    layer.lastPacketUs = arrivalUs;
    return route ?? layer.primary;
  }

  #learn(ssrc: number, section: Section): Source {
    const source = { section, rid: undefined, repairs: undefined, wasPrimary: false };
    this.#sources.set(ssrc, source);
    return source;
  }
}

function hasBytes(
  datagram: Buffer,
  extensions: HeaderExtensions,
  position: number,
  expected: Buffer,
): boolean {
  if (extensions.length(position) !== expected.length) return false;
  const start = extensions.start(position);
  for (let offset = 0; offset < expected.length; offset++) {
    if (datagram[start + offset] !== expected[offset]) return false;
  }
  return true;
}

function readText(
  datagram: Buffer,
  extensions: HeaderExtensions,
  id: number | undefined,
): string | undefined {
  const position = extensions.find(id);
  if (position < 0) return undefined;
  const start = extensions.start(position);
  return datagram.toString('latin1', start, start + extensions.length(position));
}
