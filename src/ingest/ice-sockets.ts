import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Refusal } from '../refusal.ts';
import { receiveBursts } from './datagram-bursts.ts';
import { PeerSocket } from './peer-socket.ts';
import type { DatagramListener, HostCandidate, SessionSockets } from './session-socket.ts';
import { bindUdp, RECEIVE_BUFFER_BYTES } from './udp-socket.ts';

/** Maximum number of ports to try, because another process may take a free port first. */
const MOST_TRIES = 10;

/** A configured host candidate. */
export interface IceAddress {
  address: string;
  /** UDP port, 0 for any. */
  port: number;
}

/** A UDP socket bound for a session, and its candidate. */
export interface IceSocket {
  socket: PeerSocket;
  candidate: HostCandidate;
}

/**
 * Parses `[webrtc] ice_udp_addrs`: `auto` (the addresses of this machine's interfaces), `ip`,
 * `ip:port` or `[ipv6]:port`, optionally several separated by commas. Port 0 means any port. If
 * nothing is configured, loopback is announced too, so that a browser on this machine can publish.
 * @throws Error that names an invalid entry
 */
export function resolveIceAddresses(configured: readonly string[]): IceAddress[] {
  const entries = configured.flatMap((entry) => entry.split(',')).map((entry) => entry.trim());
  if (entries.length === 0) {
    return [...interfaceAddresses(false), ...interfaceAddresses(true)];
  }
  const resolved = new Map<string, IceAddress>();
  for (const entry of entries) {
    for (const address of resolveEntry(entry)) {
      resolved.set(`${address.address} ${address.port}`, address);
    }
  }
  return [...resolved.values()];
}

/**
 * Binds a UDP socket for each address. An address that does not belong to this machine (one that a
 * router maps to it) is announced, and its socket is bound to all addresses.
 * @param onError called for a socket that cannot receive at the moment; it stays open
 * @param portRange first and last port for addresses without a port; any free port if absent
 * @throws Refusal `no-free-port` if no port is free
 */
export async function openIceSockets(
  addresses: readonly IceAddress[],
  portRange: readonly [number, number] | undefined,
  onDatagram: DatagramListener,
  onError: (error: Error) => void,
): Promise<IceSocket[]> {
  const opened: IceSocket[] = [];
  try {
    for (const { address, port } of addresses) {
      const bound = await bindOne(address, port, portRange);
      const socket = new PeerSocket(bound, onError);
      opened.push({ socket, candidate: { address, port: bound.address().port } });
      receiveBursts(bound, (datagram, from) => onDatagram(datagram, from, socket));
      bound.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    }
  } catch (error) {
    await closeIceSockets(opened);
    throw error;
  }
  return opened;
}

/** Opens sockets for one session alone, see {@link openIceSockets}. */
export async function openOwnSockets(
  ...args: Parameters<typeof openIceSockets>
): Promise<SessionSockets> {
  const opened = await openIceSockets(...args);
  return {
    candidates: opened.map(({ candidate }) => candidate),
    answerTo: () => {},
    received: 0,
    close: () => closeIceSockets(opened),
  };
}

/** Closes sockets; resolves when their ports are free. */
export async function closeIceSockets(sockets: readonly IceSocket[]): Promise<void> {
  await Promise.all(sockets.map(({ socket }) => socket.close()));
}

function resolveEntry(entry: string): IceAddress[] {
  if (entry.toLowerCase() === 'auto') {
    const external = interfaceAddresses(false);
    return external.length > 0 ? external : interfaceAddresses(true);
  }
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(entry);
  const address = match?.[1] ?? match?.[2] ?? entry;
  const port = Number(match?.[3] ?? 0);
  if (isIP(address) === 0 || port > 65535) {
    throw new Error(
      `[webrtc] ice_udp_addrs: ${JSON.stringify(entry)} is not "auto", "ip", "ip:port" or "[ipv6]:port"`,
    );
  }
  if (address === '0.0.0.0' || /^[0:]+$/.test(address)) {
    throw new Error(
      `[webrtc] ice_udp_addrs: ${JSON.stringify(entry)} cannot be announced to a publisher; name an address of this machine, or "auto"`,
    );
  }
  return [{ address, port }];
}

function interfaceAddresses(internal: boolean): IceAddress[] {
  return (
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter((info) => info.internal === internal)
      // Link-local addresses need a zone, which a candidate cannot contain (RFC 8445 §5.1.1.1).
      .filter(({ address }) => !address.toLowerCase().startsWith('fe80:'))
      .map(({ address }) => ({ address, port: 0 }))
  );
}

async function bindOne(
  address: string,
  port: number,
  portRange: readonly [number, number] | undefined,
): Promise<Socket> {
  if (port === 0 && portRange === undefined) return bindAny(address);
  if (port !== 0 || portRange === undefined) {
    const socket = await bind(address, port);
    if (socket !== undefined) return socket;
    throw new Refusal(
      'no-free-port',
      `UDP port ${port} of ${address} is in use. A port in [webrtc] ice_udp_addrs serves one publisher at a time: leave it out, or give a port range`,
    );
  }
  const [first, last] = portRange;
  const count = last - first + 1;
  // A random start, because sessions in several threads would compete for the same ports.
  const offset = randomInt(count);
  for (let tried = 0; tried < count; tried++) {
    const socket = await bind(address, first + ((offset + tried) % count));
    if (socket !== undefined) return socket;
  }
  throw new Refusal('no-free-port', `no UDP port from ${first} to ${last} is free on ${address}`);
}

/** Binds a free port by its number, which {@link PeerSocket.widen} requires. */
async function bindAny(address: string): Promise<Socket> {
  for (let tried = 0; tried < MOST_TRIES; tried++) {
    const probe = await bind(address, 0);
    if (probe === undefined) continue;
    const { port } = probe.address();
    await new Promise<void>((resolve) => probe.close(resolve));
    const socket = await bind(address, port);
    if (socket !== undefined) return socket;
  }
  throw new Refusal('no-free-port', `no UDP port is free on ${address}`);
}

/** Resolves with `undefined` if the port is in use. */
async function bind(address: string, port: number): Promise<Socket | undefined> {
  const family = isIP(address) === 6 ? 6 : 4;
  try {
    return await bindUdp({ family, address, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return undefined;
    if (code !== 'EADDRNOTAVAIL') throw error;
  }
  try {
    return await bindUdp({ family, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
