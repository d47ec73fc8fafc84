import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { CheckResult } from './result.ts';

/** Time servers that are asked at once: the first answer counts. */
export const TIME_SERVERS = ['pool.ntp.org', 'ntp.aliyun.com'];

const NTP_PORT = 123;
const TIMEOUT_MS = 2000;
/** Seconds from the NTP epoch, 1900, to the Unix epoch. */
const EPOCH_S = 2_208_988_800;
/** An offset above which times in the index and on the timeline are misleading, ms. */
const LARGEST_MS = 1000;

/**
 * Compares this machine's clock with a time server (SNTP, RFC 4330).
 * @param servers host names, each with `:PORT` if it is not 123
 */
export async function checkClock(servers: readonly string[] = TIME_SERVERS): Promise<CheckResult> {
  const name = 'clock';
  try {
    const { server, offsetMs } = await Promise.any(servers.map(askTime));
    const offset = `${Math.abs(Math.round(offsetMs))} ms ${offsetMs < 0 ? 'ahead of' : 'behind'} ${server}`;
    const figures = { offset_ms: Math.round(offsetMs) };
    if (Math.abs(offsetMs) <= LARGEST_MS) return { name, state: 'ok', message: offset, figures };
    const message = `${offset}: recordings will have wrong times; let a time service set the clock`;
    return { name, state: 'warning', message, figures };
  } catch {
    const message = `no answer from ${servers.join(', ')}; see --time-server`;
    return { name, state: 'unknown', message };
  }
}

/** @returns how far the clock is behind that of the server, ms */
async function askTime(server: string): Promise<{ server: string; offsetMs: number }> {
  const [host = server, port = NTP_PORT] = server.split(':');
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const request = Buffer.alloc(48);
  // No leap warning, version 4, mode 3 (client).
  request[0] = 0x23;
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${server}: no answer`)), TIMEOUT_MS);
      timer.unref();
      let sentMs = 0;
      socket.on('error', reject);
      socket.on('message', (reply) => {
        const receivedMs = Date.now();
        if (reply.length < 48) return;
        const theirReceiveMs = ntpTimeMs(reply, 32);
        const theirTransmitMs = ntpTimeMs(reply, 40);
        const offsetMs = (theirReceiveMs - sentMs + (theirTransmitMs - receivedMs)) / 2;
        clearTimeout(timer);
        resolve({ server, offsetMs });
      });
      sentMs = Date.now();
      socket.send(request, Number(port), address);
    });
  } finally {
    socket.close();
  }
}

/** An NTP timestamp as ms since the Unix epoch. */
function ntpTimeMs(message: Buffer, at: number): number {
  const seconds = message.readUInt32BE(at) - EPOCH_S;
  return seconds * 1000 + (message.readUInt32BE(at + 4) / 2 ** 32) * 1000;
}
