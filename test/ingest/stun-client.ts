import { createSocket, type Socket } from 'node:dgram';
import type { Test } from 'tap';
import { classes, Message, methods, parseMessage } from 'werift';
import type { IceCredentials } from '../../src/ingest/sdp-lines.ts';

/** What makes a connectivity check (RFC 8445 §7.2.2). */
export interface CheckOptions {
  /** Credentials of the agent that is checked. */
  local: IceCredentials;
  /** With USE-CANDIDATE; false by default. */
  nominate?: boolean;
  /** Claim the controlled role; false by default. */
  controlled?: boolean;
}

/** An ICE agent in the controlling role, cut down to a socket that sends single checks. */
export class StunClient {
  readonly socket: Socket = createSocket('udp4');
  /** Datagrams received that are no STUN. */
  readonly data: Buffer[] = [];
  readonly #waiting = new Map<string, (answer: Message) => void>();

  /** Binds to a port of loopback. */
  static async open(): Promise<StunClient> {
    const client = new StunClient();
    client.socket.on('message', (datagram) => {
      const message = parseMessage(datagram);
      if (message === undefined) client.data.push(datagram);
      else client.#waiting.get(message.transactionIdHex)?.(message);
    });
    await new Promise<void>((resolve) => client.socket.bind(0, '127.0.0.1', resolve));
    return client;
  }

  /** The same, closed at the end of a test. */
  static async openFor(t: Test): Promise<StunClient> {
    const client = await StunClient.open();
    t.teardown(() => client.close());
    return client;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Sends a check and resolves with what comes back, which may be never. */
  check(port: number, options: CheckOptions): Promise<Message> {
    const { local, nominate = false, controlled = false } = options;
    const request = new Message(methods.BINDING, classes.REQUEST)
      .setAttribute('USERNAME', `${local.ufrag}:peer`)
      .setAttribute('PRIORITY', 1)
      .setAttribute(controlled ? 'ICE-CONTROLLED' : 'ICE-CONTROLLING', 1n);
    if (nominate) request.setAttribute('USE-CANDIDATE', null);
    request.addMessageIntegrity(Buffer.from(local.password)).addFingerprint();
    return new Promise((resolve) => {
      this.#waiting.set(request.transactionIdHex, resolve);
      this.socket.send(request.bytes, port, '127.0.0.1');
    });
  }

  close(): void {
    this.socket.close();
  }
}
