import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { WhipSession } from '../src/ingest/whip-session.ts';
import { publishFromChromium } from '../test/ingest/chromium-publisher.ts';

const ASKED = 2_500_000;
const SECONDS = 15;

/**
 * Prints what Chromium sends second by second over loopback when it may send 2.5 Mbit/s. Needs Chromium at `CHROMIUM_PATH`, else `/usr/bin/chromium`.
 */
export async function run(): Promise<void> {
  let session: WhipSession | undefined;
  let accessUnits = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
      return;
    }
    session = await WhipSession.accept(
      Buffer.concat(chunks).toString(),
      {
        iceAddresses: ['127.0.0.1'],
        log: { debug: () => {}, info: () => {}, warn: () => {} },
      },
      {
        onConnected: () => {},
        onAccessUnit: () => accessUnits++,
        onSenderReport: () => {},
        onTrackRestart: () => {},
        onGoodbye: () => {},
        onClosed: () => {},
      },
    );
    response.writeHead(201, { 'content-type': 'application/sdp', location: '/session' });
    response.end(session.answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    const publisher = await publishFromChromium(browser, {
      pageUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      maxBitrate: ASKED,
      width: 640,
      height: 360,
      noiseSide: 130,
    });
    process.stdout.write(`connected in ${Math.round(publisher.connectMs)} ms\n`);
    await publisher.rate();
    for (let second = 1; second <= SECONDS; second++) {
      await delay(1000);
      const { sent, target, available } = await publisher.rate();
      process.stdout.write(
        `${second} s: sent ${kilobits(sent)}, encoder target ${kilobits(target)}, estimate ${kilobits(available)} kbit/s\n`,
      );
    }
    const tracks = [...session!.statistics().rtp!.tracks.values()];
    const packets = tracks.reduce((sum, track) => sum + track.packetsReceived, 0);
    const lost = tracks.reduce((sum, track) => sum + track.packetsLost, 0);
    process.stdout.write(`${packets} packets, ${lost} lost, ${accessUnits} access units\n`);
  } finally {
    await browser.close();
    await session?.close('shutdown');
    server.close();
  }
}

function kilobits(bits: number): string {
  return (bits / 1000).toFixed(0).padStart(5);
}
