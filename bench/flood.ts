import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WhipSession } from '../src/ingest/whip-session.ts';
import { WhipPublisher } from '../test/publisher/whip-publisher.ts';

const PACKETS_PER_SECOND = 30_000;
const SECONDS = 8;
/** What strangers send: media that nobody can open, and checks without and with our user fragment. */
const KINDS = ['media', 'checks', 'checks that name us'] as const;

/**
 * Prints what share of a stream's packets arrives while another socket of this machine sends 30,000
 * forged packets a second to the same port. Publisher and flood are processes of their own; nothing
 * is sent again, so that each packet that the flood costs counts.
 */
export async function run(): Promise<void> {
  for (const kind of [undefined, ...KINDS]) await measure(kind);
}

async function measure(kind: (typeof KINDS)[number] | undefined): Promise<void> {
  let session: WhipSession | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST') {
      await session?.close('client');
      response.writeHead(200).end();
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
        onAccessUnit: () => {},
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
  const { port } = server.address() as AddressInfo;
  const publisher = fork(import.meta.filename, ['publish', `http://127.0.0.1:${port}/`]);
  await once(publisher, 'message');
  const answer = session!.answer;
  const udpPort = /127\.0\.0\.1 (\d+) typ/.exec(answer)![1]!;
  const ufrag = /a=ice-ufrag:(\S+)/.exec(answer)![1]!;
  const flood = kind && fork(import.meta.filename, ['flood', kind, udpPort, ufrag]);
  await delay(1000);
  const before = await counts(publisher, session!);
  const cpu = process.cpuUsage();
  const flooded = (flood && (await ask(flood))) ?? 0;
  const startMs = performance.now();
  await delay(SECONDS * 1000);
  const after = await counts(publisher, session!);
  const { user, system } = process.cpuUsage(cpu);
  const rate = flood ? (((await ask(flood)) - flooded) / (performance.now() - startMs)) * 1000 : 0;
  const share = (100 * (after.received - before.received)) / (after.sent - before.sent);
  const busy = (100 * (user + system)) / (SECONDS * 1e6);
  console.log(
    `flood ${kind ?? 'none'}: ${Math.round(rate)} packets/s, ${share.toFixed(1)} % of the stream arrived, ${busy.toFixed(0)} % of a core`,
  );
  publisher.kill();
  flood?.kill();
  await session!.close('client');
  server.closeAllConnections();
  server.close();
}

async function counts(publisher: ChildProcess, session: WhipSession) {
  const sent = await ask(publisher);
  const tracks = session.statistics().rtp!.tracks.values();
  let received = 0;
  for (const track of tracks) received += track.packetsReceived;
  return { sent, received };
}

/** Asks a child for its count. */
async function ask(child: ChildProcess): Promise<number> {
  child.send('?');
  const [count] = await once(child, 'message');
  return count as number;
}

async function publish(whipUrl: string): Promise<void> {
  const publisher = await WhipPublisher.connect({ whipUrl, answerNacks: false });
  publisher.start();
  process.on('message', () =>
    process.send!(publisher.sent.videoPackets + publisher.sent.audioPackets),
  );
  process.send!(0);
}

async function sendFlood(kind: string, port: number, ufrag: string): Promise<void> {
  const socket = createSocket('udp4');
  // The kernel tells that nobody listens, once the recorder has shut strangers out.
  socket.on('error', () => {});
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const datagram = kind === 'media' ? forgedMedia() : forgedCheck(kind === 'checks' ? 'x' : ufrag);
  let sent = 0;
  process.on('message', () => process.send!(sent));
  const startMs = performance.now();
  setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * PACKETS_PER_SECOND;
    for (; sent < due; sent++) socket.send(datagram, () => {});
  }, 1);
}

function forgedMedia(): Buffer {
  const datagram = Buffer.alloc(1200, 1);
  datagram[0] = 0x80;
  datagram[1] = 102;
  return datagram;
}

/** A binding request (RFC 8489 §5) whose MESSAGE-INTEGRITY is wrong. */
function forgedCheck(ufrag: string): Buffer {
  const name = Buffer.from(`${ufrag}:peer`.padEnd(16, '_'));
  const datagram = Buffer.alloc(20 + 4 + name.length + 24);
  datagram.writeUInt16BE(1, 0);
  datagram.writeUInt16BE(datagram.length - 20, 2);
  datagram.writeUInt32BE(0x2112a442, 4);
  datagram.writeUInt16BE(0x0006, 20);
  datagram.writeUInt16BE(name.length, 22);
  name.copy(datagram, 24);
  datagram.writeUInt16BE(0x0008, 24 + name.length);
  datagram.writeUInt16BE(20, 26 + name.length);
  return datagram;
}

const [, , command, ...rest] = process.argv;
if (process.send !== undefined && command === 'publish') await publish(rest[0]!);
else if (process.send !== undefined && command === 'flood') {
  await sendFlood(rest[0]!, Number(rest[1]), rest[2]!);
} else if (import.meta.main) await run();
