import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { readBindingRequest, ufragOf } from '../../src/ingest/binding-request.ts';
import { IceLiteAgent } from '../../src/ingest/ice-lite-agent.ts';
import type { PeerSocket } from '../../src/ingest/peer-socket.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const PASSWORDS = new Map([
  ['ours', 'secret'],
  ['', 'nothing'],
]);
const passwordOf = (ufrag: string) => PASSWORDS.get(ufrag);
const TYPES = [0x0006, 0x0024, 0x0025, 0x8029, 0x802a, 0x0020, 0x0001, 0x8022, 0xc057];

/** A datagram as it is, then the same bytes as attributes that are signed, for an agent too. */
export const target: FuzzTarget = {
  covers: [
    'src/ingest/binding-request.ts',
    'src/ingest/ice-lite-agent.ts',
    'src/ingest/werift-stun.ts',
  ],
  maxBytes: 4096,
  dictionary: ['ours:theirs', ':', '\x21\x12\xa4\x42'],
  seeds: () => [
    Buffer.concat([
      Buffer.from(
        '000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74' +
          '002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020' +
          '000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf',
        'hex',
      ),
    ]),
    // For an agent: a check from port 0, and one from another.
    Buffer.from('0000000606000200f0000012340606000200f000', 'hex'),
    program(
      ['06', 'ours:theirs'],
      ['01', 'abcd'],
      ['02', ''],
      ['04', '12345678'],
      ['f0', ''],
      ['f1', ''],
    ),
    program(['06', 'ours:theirs'], ['03', '12345678'], ['f0', ''], ['02', '']),
  ],
  run(input) {
    check(input);
    const decisions = new Decisions(input);
    check(build(decisions, 'ours', 'secret'));
    checkAgent(input);
  },
};

function program(...steps: [kind: string, value: string][]): Buffer {
  const parts = steps.map(([kind, value]) =>
    Buffer.concat([Buffer.from(kind, 'hex'), Buffer.of(value.length), Buffer.from(value)]),
  );
  return Buffer.concat(parts);
}

/** A message of attributes as the decisions have it, signed where they say so. */
function build(decisions: Decisions, ufrag: string, password: string): Buffer {
  let message = Buffer.alloc(20);
  message.writeUInt16BE(0x0001, 0);
  message.writeUInt32BE(0x2112_a442, 4);
  const append = (type: number, value: Buffer): void => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(value.length, 2);
    const padding = Buffer.alloc((4 - (value.length % 4)) % 4);
    message = Buffer.concat([message, head, value, padding]);
    message.writeUInt16BE((message.length - 20) & 0xffff, 2);
  };
  for (let steps = 0; steps < 64 && !decisions.done; steps++) {
    const kind = decisions.byte();
    const value = decisions.block();
    if (kind === 0xf0) append(0x0008, integrity(message, password));
    else if (kind === 0xf1) append(0x8028, fingerprint(message));
    else if (kind === 6) append(0x0006, Buffer.from(`${ufrag}:theirs`));
    else append(kind < TYPES.length ? TYPES[kind]! : decisions.word(), value);
  }
  return message;
}

function integrity(message: Buffer, password: string): Buffer {
  const patched = Buffer.from(message);
  patched.writeUInt16BE((message.length - 20 + 24) & 0xffff, 2);
  return createHmac('sha1', password).update(patched).digest();
}

function fingerprint(message: Buffer): Buffer {
  const patched = Buffer.from(message);
  patched.writeUInt16BE((message.length - 20 + 8) & 0xffff, 2);
  const value = Buffer.alloc(4);
  value.writeUInt32BE((crc32(patched) ^ 0x5354_554e) >>> 0);
  return value;
}

/** Whoever is let in knows a password, for all that was read of the datagram. */
function check(datagram: Buffer): void {
  const request = readBindingRequest(datagram, passwordOf);
  const ufrag = ufragOf(datagram);
  if (request === undefined) return;
  must(ufrag === request.ufrag, 'a shared port gives it to the session that it is for');
  must(request.transactionId.length === 12, 'a transaction has 12 bytes');
  const password = passwordOf(request.ufrag);
  must(password !== undefined, 'the name is one of ours');
  let at = 20;
  const before = new Set<number>();
  while (datagram.readUInt16BE(at) !== 0x0008) {
    before.add(datagram.readUInt16BE(at));
    at += 4 + Math.ceil(datagram.readUInt16BE(at + 2) / 4) * 4;
  }
  const signed = integrity(datagram.subarray(0, at), password);
  must(signed.equals(datagram.subarray(at + 4, at + 24)), 'the integrity is that of the password');
  must(request.nominates === before.has(0x0025), 'USE-CANDIDATE is signed');
  must(request.controlled === before.has(0x8029), 'ICE-CONTROLLED is signed');
}

function checkAgent(input: Buffer): void {
  const agent = new IceLiteAgent({ ufrag: 'theirs', password: 'p'.repeat(22) });
  let replies = 0;
  const socket = {
    send(reply: Buffer, port: number) {
      must(reply.length <= 128, 'no reply is long');
      must(port > 0, 'node:dgram throws for port 0');
      replies++;
    },
    widen() {},
    admit() {},
  } as unknown as PeerSocket;
  const decisions = new Decisions(input);
  let received = 0;
  while (!decisions.done && received < 16) {
    const kind = decisions.byte();
    const from = {
      address: (kind & 1) === 0 ? '192.0.2.1' : '2001:db8::1',
      family: (kind & 1) === 0 ? ('IPv4' as const) : ('IPv6' as const),
      port: decisions.word(),
      size: 0,
    };
    if ((kind & 0x0e) === 0x0e) agent.restart({ ufrag: 'next', password: 'n'.repeat(22) });
    const { ufrag, password } = agent.local;
    const datagram =
      (kind & 0x30) === 0x30
        ? decisions.block()
        : build(new Decisions(decisions.block()), ufrag, password);
    agent.receive(datagram, from, socket, ++received);
    agent.send(Buffer.of(20));
  }
  const { checks, rejectedChecks } = agent.statistics();
  must(checks + rejectedChecks === received, 'each datagram is a check or rejected');
  must(replies >= checks, 'each check is answered');
}
