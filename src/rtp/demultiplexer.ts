import type { HeaderExtensions } from './header-extensions.ts';
import type { MediaSection, PayloadFormat } from './media-section.ts';
import type { RtpHeader } from './rtp-header.ts';
import { SsrcTable } from './ssrc-table.ts';

/** More than any session uses: an SFU that changes SSRCs at each switch leaves the old ones behind. */
const maximumSources = 64;
/** A stream that said nothing for so long may give way to one that it took over from. */
const quietUs = 1_000_000;

/** Where a packet belongs. */
export interface Route {
  readonly section: MediaSection;
  /** Position of the section among those the demultiplexer was made with. */
  readonly index: number;
  /**
   * 'primary': the stream itself; 'takeover': also, but from now on under this packet's SSRC instead
   * of the one before; 'retransmission': RFC 4588 payload of the current primary stream.
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
  /** Has been the section's primary stream. */
  wasPrimary: boolean;
}

/** One media section and which stream it is fed from. */
class Section {
  readonly media: MediaSection;
  readonly mid: Buffer;
  readonly formats: (PayloadFormat | undefined)[] = new Array(128).fill(undefined);
  readonly primary: Route;
  readonly takeover: Route;
  readonly retransmission: Route;
  ssrc: number | undefined;
  rid: string | undefined;
  lastPacketUs = 0;

  constructor(media: MediaSection, index: number) {
    this.media = media;
    this.mid = Buffer.from(media.mid);
    for (const format of media.formats) this.formats[format.payloadType & 0x7f] = format;
    this.primary = { section: media, index, kind: 'primary' };
    this.takeover = { section: media, index, kind: 'takeover' };
    this.retransmission = { section: media, index, kind: 'retransmission' };
  }
}

/**
 * Tells which media section of a BUNDLE group a packet belongs to (RFC 9143 §9.2): by its MID, else by
 * what is known of its SSRC (learned, or announced in the SDP), else by a payload type that only one
 * section has. It also tells which of several streams of a section is the one to take: one at a time.
 */
export class Demultiplexer {
  readonly #sections: Section[];
  readonly #sources = new SsrcTable<Source>(maximumSources);
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
    const section = source.section;
    if (section.ssrc === undefined) return undefined;
    if (source.repairs !== undefined && source.repairs !== section.ssrc) return undefined;
    source.rid ??= readText(datagram, extensions, section.media.extensions.repairedRid);
    if (source.rid !== undefined && section.rid !== undefined && source.rid !== section.rid) {
      return undefined;
    }
    return section.retransmission;
  }

  #routePrimary(ssrc: number, source: Source, arrivalUs: number): Route | undefined {
    const section = source.section;
    let route = section.primary;
    if (section.ssrc !== ssrc) {
      if (section.ssrc !== undefined) {
        if (arrivalUs - section.lastPacketUs < quietUs && !mayTakeOver(source)) return undefined;
        route = section.takeover;
      }
      section.ssrc = ssrc;
      section.rid = source.rid;
      source.wasPrimary = true;
    }
    section.lastPacketUs = arrivalUs;
    return route;
  }

  #learn(ssrc: number, section: Section): Source {
    const source = { section, rid: undefined, repairs: undefined, wasPrimary: false };
    this.#sources.set(ssrc, source);
    return source;
  }
}

/**
 * Whether a stream may replace one that is still active. One that was replaced before may not: its
 * last packets come late, or the sender sends both, and the track would go back and forth. Nor may
 * another simulcast encoding of the same picture.
 */
function mayTakeOver(source: Source): boolean {
  if (source.wasPrimary) return false;
  const { rid, section } = source;
  return rid === undefined || section.rid === undefined || rid === section.rid;
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
