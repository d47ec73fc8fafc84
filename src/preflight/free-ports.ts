import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../config/config.ts';
import { urlHost } from '../config/listen-address.ts';
import { resolveIceAddresses } from '../ingest/ice-sockets.ts';
import { trySharedPorts } from '../ingest/shared-port-trial.ts';
import { SMALL_BUFFER_BYTES } from '../ingest/udp-socket.ts';
import { type CheckResult, problem } from './result.ts';

/** How many ports of a range are tried. */
const MOST_TRIED = 1000;

/**
 * Checks that the recorder can listen for requests.
 * @param runningPid process id of a recorder that runs with the same storage, if there is one
 */
export async function checkHttpPort(
  { host, port }: Config['http'],
  runningPid: number | undefined,
): Promise<CheckResult> {
  const name = 'HTTP port';
  const address = `${urlHost(host)}:${port}`;
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return { name, state: 'ok', message: `${address} is free` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && runningPid !== undefined) {
      const message = `${address} is in use while the recorder runs (process ${runningPid})`;
      return { name, state: 'ok', message };
    }
    const reason =
      code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${code})`;
    return { name, state: 'problem', message: `${address} ${reason}; change [http] listen` };
  } finally {
    server.close();
  }
}

/**
 * Checks that there are UDP ports for media.
 * @param runningPid see {@link checkHttpPort}
 */
export async function checkMediaPorts(
  { iceUdpAddrs, iceUdpPort, icePortRange }: Config['webrtc'],
  workers: number,
  runningPid: number | undefined,
): Promise<CheckResult> {
  const name = 'UDP ports';
  try {
    if (iceUdpPort !== undefined) {
      const ports = workersPorts(iceUdpPort, workers);
      const state = 'ok';
      if (runningPid !== undefined) {
        const message = `${ports}; not tried while the recorder runs (process ${runningPid})`;
        return { name, state, message };
      }
      const settings = { iceAddresses: iceUdpAddrs, log: { warn: () => {} } };
      const granted = await trySharedPorts(iceUdpPort, workers, settings);
      const figures = { receive_buffer_bytes: granted };
      if (granted >= SMALL_BUFFER_BYTES) {
        return { name, state, message: `${ports}: free`, figures };
      }
      const message = `${ports}: free, with small receive buffers; allow more with: sysctl -w net.core.rmem_max=4194304`;
      return { name, state: 'warning', message, figures };
    }
    const addresses = resolveIceAddresses(iceUdpAddrs);
    if (addresses.length === 0)
      throw new Error('this machine has no address for media; see [webrtc] ice_udp_addrs');
    const names = [...new Set(addresses.map(({ address }) => address))].join(', ');
    if (icePortRange === undefined) {
      return { name, state: 'ok', message: `any free port of ${names}` };
    }
    const [from, to] = icePortRange;
    const tried = Math.min(to - from + 1, MOST_TRIED);
    let free = 0;
    for (let port = from; port < from + tried; port++) {
      if (await isFree(port)) free++;
    }
    const message = `${free} of the ${tried} ports from ${from} are free on ${names}, one for each session`;
    const figures = { free, tried };
    if (free === 0) {
      return { name, state: 'problem', message: `${message}; change ice_port_range`, figures };
    }
    return { name, state: 'ok', message, figures };
  } catch (error) {
    return problem(name, error);
  }
}

function workersPorts(first: number, workers: number): string {
  return workers === 1
    ? `port ${first} for all publishers`
    : `ports ${first} to ${first + workers - 1}, one for each worker`;
}

/** Tried on all addresses, since one that a router maps to this machine cannot be bound. */
async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
