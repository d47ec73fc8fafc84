import type { PayloadFormat } from '../media/payload-format.ts';
import type { HeaderExtensions } from './header-extensions.ts';
import type { MediaSection } from './media-section.ts';
import type { RtpHeader } from './rtp-header.ts';
import { SsrcTable } from './ssrc-table.ts';

/** More than any session uses: an SFU that changes SSRCs at each switch leaves the old ones behind. */
const MAXIMUM_SOURCES = 64;
/** A stream that sent nothing for this long may give way to one that it took over from. */
const QUIET_US = 1_000_000;

/** Most layers of a section; a further one takes the place of one that has long been quiet. */
const MAXIMUM_LAYERS = 8;
const STALE_US = 5_000_000;

/** One encoding of a section's picture; most sections have one. */
export interface RouteLayer {
  /** Counted from 0, as they came. */
  readonly number: number;
  /** Restriction identifier (RFC 8852), once a packet has named it. */
  readonly rid: string | undefined;
}

/** Where a packet belongs. */
export interface Route {
  readonly section: MediaSection;
  /** Position of the section among those the demultiplexer was made with. */
  readonly index: number;
  /** Which of the section's layers (simulcast encodings). */
  readonly layer: RouteLayer;
  /**
   * 'primary': the stream itself; 'takeover': also, but from now on under this packet's SSRC instead
   * of the one before; 'retransmission': RFC 4588 payload of the layer's current primary stream.
   */
  readonly kind: 'primary' | 'takeover' | 'retransmission';
}

/** What is known of one SSRC. */
interface Source {
  section: Section;
  /** Restriction identifier (RFC 8852), or for a retransmission that of the stream it repairs. */
  rid: string | undefined;
  /** For a retransmission announced in an FID group: the SSRC it repairs. */
  repairs: number | undefined;
  /** Has been the primary stream of a layer. */
  wasPrimary: boolean;
}

/** One encoding of a section's picture and which stream it is fed from. */
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

/** One media section and its layers: one, unless it is sent in several encodings at a time. */
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

  /** The layer that is fed from an SSRC at present. */
  fedFrom(ssrc: number): Layer | undefined {
    for (const layer of this.layers) if (layer.ssrc === ssrc) return layer;
    return undefined;
  }

  /** The layer that an SSRC may take over; undefined where it is one more. */
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
 * Tells which media section of a BUNDLE group a packet belongs to (RFC 9143 §9.2): by its MID, else by
 * what is known of its SSRC (learned, or announced in the SDP), else by a payload type that only one
 * section has. It also tells the layers of a section apart, by RID (RFC 8852) or SSRC, and which of
 * several streams of a layer is the one to take: one at a time.
 */
export class Demultiplexer {
  readonly #sections: Section[];
  readonly #sources = new SsrcTable<Source>(MAXIMUM_SOURCES);
  /** The only section with this payload type; undefined for none or several. */
  readonly #byPayloadType: (Section | undefined)[] = new Array(128).fill(undefined);

  /** @param sections all that were negotiated, as the SDP has them */
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
   * @param arrivalUs µs since the Unix epoch on our steady clock
   * @returns undefined for a packet to drop: it belongs to no section, its payload type was not
   *   negotiated there, or it is of another stream than the one that is taken
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
    // A MID that we do not know is of a section that was refused.
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
      // Not one that was replaced before, while its heir is active: its last packets come late, or
      // the sender sends both, and the track would go back and forth.
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
