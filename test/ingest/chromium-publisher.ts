import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';

const SCRIPT = fileURLToPath(new URL('publisher-page.js', import.meta.url));

/** What a page is to publish. */
export interface ChromiumPublisherOptions {
  /** Address of any page of the WHIP server's origin, which has its endpoint at `/whip`. */
  pageUrl: string;
  /** What the video encoder may send at most, bits a second. */
  maxBitrate: number;
  /** Size of the picture, pixels. */
  width: number;
  height: number;
  /** Side of the square of noise that moves in it, pixels: less than the height. */
  noiseSide: number;
  /** The one codec that is offered, `H264` by default. */
  codec?: 'H264' | 'VP9' | 'AV1';
  /** Layers of the picture (W3C WebRTC-SVC): `L3T3_KEY`; by default the browser's own. */
  scalabilityMode?: string;
  /**
   * Offer all candidates, with `.local` names for addresses, as Chromium does for a page that may not
   * use the camera; by default candidates are not waited for.
   */
  hideAddresses?: boolean;
}

/** A page that publishes a picture and Opus. */
export interface ChromiumPublisher {
  offer: string;
  /** From setting the answer to `connected`, ms. */
  connectMs: number;
  /** Restarts ICE by PATCH (RFC 9725 §4.3.3). */
  restartIce(): Promise<void>;
  /**
   * Bits a second of video: what was sent since the call before, what the encoder aims at, and what
   * bandwidth estimation holds to be possible.
   */
  rate(): Promise<{ sent: number; target: number; available: number }>;
  /** Stops sending, without ending anything. */
  pause(): Promise<void>;
  /** Packets sent so far of both tracks, retransmissions and probes included. */
  packetsSent(): Promise<number>;
  /**
   * Resolves when DTLS is over, with the states of DTLS, of ICE (RTCIceTransport) and of the peer
   * connection at that moment.
   */
  ended(): Promise<{ dtls: string; ice: string; connection: string }>;
  /** Closes the peer connection, with no DELETE. */
  close(): Promise<void>;
}

/** Opens a page that publishes, and waits until it is connected. */
export async function publishFromChromium(
  browser: Browser,
  options: ChromiumPublisherOptions,
): Promise<ChromiumPublisher> {
  const page = await browser.newPage();
  await page.goto(options.pageUrl);
  await page.addScriptTag({ path: SCRIPT });
  const published = await page.evaluate<Pick<ChromiumPublisher, 'offer' | 'connectMs'>>(
    `publisher.publish(${JSON.stringify(options)})`,
  );
  return {
    ...published,
    restartIce: () => page.evaluate<void>('publisher.restartIce()'),
    rate: () => page.evaluate('publisher.rate()'),
    pause: () => page.evaluate<void>('publisher.pause()'),
    packetsSent: () => page.evaluate<number>('publisher.packetsSent()'),
    ended: () => page.evaluate('publisher.ended()'),
    close: () => page.evaluate<void>('publisher.close()'),
  };
}
