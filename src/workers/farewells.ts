import type { Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { FAREWELL_COPIES, type Farewell } from '../ingest/farewell.ts';
import { bindUdp } from '../ingest/udp-socket.ts';

/**
 * The datagrams that end the sessions of a worker thread if the thread dies: only the thread has
 * their keys and sockets, so it prepares them in advance. One per connected session.
 */
export class Farewells {
  readonly #bySession = new Map<string, Farewell>();

  /** Number of sessions with a farewell. */
  get size(): number {
    return this.#bySession.size;
  }

  /** Replaces the farewell of a session; `undefined` once the session has ended. */
  note(session: string, farewell: Farewell | undefined): void {
    if (farewell === undefined) this.#bySession.delete(session);
    else this.#bySession.set(session, farewell);
  }

  /**
   * Sends all farewells, each from the port of its session. Call it when the thread has closed its
   * sockets. Resolves when the ports are free again.
   * @returns how many were sent; one whose port is in use again cannot be sent
   */
  async say(): Promise<number> {
    // Many sessions may have the same port.
    const byPort = Map.groupBy(
      this.#bySession.values(),
      ({ path: { local } }) => `${local.address} ${local.port}`,
    );
    this.#bySession.clear();
    const said = await Promise.all([...byPort.values()].map((farewells) => sayFrom(farewells)));
    return said.reduce((sum, each) => sum + each, 0);
  }
}

/** Sends farewells that have the same port. @returns how many were sent */
async function sayFrom(farewells: readonly Farewell[]): Promise<number> {
  const { address, port } = farewells[0]!.path.local;
  const family = isIP(address) === 6 ? 6 : 4;
  const socket = await bindUdp({ family, address, port }).catch(() => undefined);
  if (socket === undefined) return 0;
  // Only of receiving: what is sent tells its own errors.
  socket.on('error', () => {});
  const sent = await Promise.all(farewells.map((farewell) => send(socket, farewell)));
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return sent.filter(Boolean).length;
}

/** Resolves with false if no copy of the datagram could be sent. */
async function send(socket: Socket, { path: { remote }, datagram }: Farewell): Promise<boolean> {
  const copies = Array.from(
    { length: FAREWELL_COPIES },
    () =>
      new Promise<boolean>((resolve) =>
        socket.send(datagram, remote.port, remote.address, (error) => resolve(error === null)),
      ),
  );
  return (await Promise.all(copies)).includes(true);
}
