import { isIP } from 'node:net';
import { codecsNamed, likelyCodec } from '../codecs/registry.ts';
import { patternFault } from '../layout/stream-pattern.ts';
import { SPOOL_LIMIT, spoolLimitOf } from '../storage/spool/spool-limit.ts';
import type { ConfigProblem } from './config-error.ts';
import { keyName, lineOf } from './explain.ts';
import { pointerTo } from './key-lines.ts';
import { parseListenAddress } from './listen-address.ts';
import { withoutCredentials } from './printable-text.ts';
import { asTable } from './toml-table.ts';

/**
 * Errors in live777.toml that the schema cannot express. Only checks values of the right type; the
 * schema reports the others.
 * @param lines lines of all keys, from `keyLines`
 */
export function contradictions(
  document: Record<string, unknown>,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (pointer: string, message: string) =>
    problems.push({ line: lineOf(pointer, lines), message: `${keyName(pointer)}: ${message}` });
  const http = asTable(document.http);
  const webrtc = asTable(document.webrtc);

  if (typeof http.listen === 'string' && parseListenAddress(http.listen) === undefined) {
    report(
      '/http/listen',
      `expected an address and a port, got the text "${withoutCredentials(http.listen)}"; write listen = "127.0.0.1:7778"`,
    );
  }
  for (const [index, proxy] of listOf(http.trust_proxy).entries()) {
    if (isNetwork(proxy)) continue;
    report(
      pointerTo('/http/trust_proxy', index),
      `expected an IP address or a network, got the text "${withoutCredentials(proxy)}"; write "127.0.0.1" or "10.0.0.0/8"`,
    );
  }
  const patterns = {
    '/recorder/auto_streams': asTable(document.recorder).auto_streams,
    '/recorder/storage/spool_drop_streams': asTable(asTable(document.recorder).storage)
      .spool_drop_streams,
  };
  for (const [pointer, list] of Object.entries(patterns)) {
    for (const [index, pattern] of listOf(list).entries()) {
      const fault = patternFault(pattern);
      if (fault !== undefined) report(pointerTo(pointer, index), `"${pattern}": ${fault}`);
    }
  }
  codecProblems(asTable(document.recorder).codecs, report);
  const addresses = Array.isArray(webrtc.ice_udp_addrs) ? webrtc.ice_udp_addrs : [];
  addresses.forEach((address, index) => {
    if (typeof address !== 'string' || isIceAddress(address)) return;
    report(
      pointerTo('/webrtc/ice_udp_addrs', index),
      `expected "auto" or an IP address with or without a port, got the text "${withoutCredentials(address)}"; write "192.0.2.10:0"`,
    );
  });
  const range = Array.isArray(webrtc.ice_port_range) ? webrtc.ice_port_range : [];
  if (range[0] > range[1]) {
    report(
      '/webrtc/ice_port_range',
      `the first port ${range[0]} is above the last ${range[1]}; write ice_port_range = [${range[1]}, ${range[0]}]`,
    );
  }
  const { ice_udp_port: port } = webrtc;
  if (typeof port === 'number') {
    const { workers } = asTable(document.recorder);
    if (typeof workers === 'number' && port + workers - 1 > 65535) {
      report(
        '/webrtc/ice_udp_port',
        `each of the ${workers} workers has a port, and the last would have ${port + workers - 1}; write a port up to ${65536 - workers}`,
      );
    }
    addresses.forEach((address, index) => {
      if (typeof address !== 'string' || !hasPort(address)) return;
      report(
        pointerTo('/webrtc/ice_udp_addrs', index),
        `"${withoutCredentials(address)}" has a port, and ice_udp_port is another; leave one of them out`,
      );
    });
  }
  const { spool_max, spool_full, spool_drop_streams } = asTable(asTable(document.recorder).storage);
  if (typeof spool_max === 'string' && spoolLimitOf(spool_max) === undefined) {
    // The schema reports text that is no size.
    if (SPOOL_LIMIT.test(spool_max)) {
      report(
        '/recorder/storage/spool_max',
        `"${spool_max}" is zero, or more than the disk; write spool_max = "80%"`,
      );
    }
  }
  for (const [index, size] of listOf(asTable(document.recorder).disk_warnings).entries()) {
    if (!SPOOL_LIMIT.test(size) || spoolLimitOf(size) !== undefined) continue;
    report(
      pointerTo('/recorder/disk_warnings', index),
      `"${size}" is zero, or more than the disk; write "10%" or "20GB"`,
    );
  }
  if (spool_full === 'drop_oldest' && spool_drop_streams === undefined) {
    report(
      '/recorder/storage/spool_full',
      'needs the streams whose recordings may be deleted; write spool_drop_streams = ["test-*"]',
    );
  }
  if (spool_full !== 'drop_oldest' && spool_drop_streams !== undefined) {
    report(
      '/recorder/storage/spool_drop_streams',
      'has no effect without spool_full = "drop_oldest"; add that, or remove this key',
    );
  }
  const { index, count } = asTable(asTable(document.recorder).shard);
  if (typeof index === 'number' && typeof count === 'number' && count >= 1 && index >= count) {
    report(
      '/recorder/shard/index',
      `${index} must be less than count = ${count}; recorders are numbered from 0 to ${count - 1}`,
    );
  }
  return problems;
}

/** The strings in a list; the schema reports other types. */
function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128));
}

function isIceAddress(text: string): boolean {
  if (text.toLowerCase() === 'auto' || isIP(text) !== 0) return true;
  const address = parseListenAddress(text);
  return address !== undefined && isIP(address.host) !== 0;
}

function hasPort(iceAddress: string): boolean {
  return isIP(iceAddress) === 0 && (parseListenAddress(iceAddress)?.port ?? 0) !== 0;
}

/** The list names all codecs that are recorded, so one that is omitted by mistake would be lost. */
function codecProblems(list: unknown, report: (pointer: string, message: string) => void): void {
  const names = listOf(list);
  const codecs = codecsNamed(names);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) === index) continue;
    report(pointerTo('/recorder/codecs', index), `"${name}" is already in the list`);
  }
  // The schema reports unknown codecs.
  if (!Array.isArray(list) || codecs.length < list.length) return;
  for (const kind of ['video', 'audio'] as const) {
    if (codecs.some((codec) => codec.kind === kind)) continue;
    const missing = likelyCodec(kind).name;
    report(
      '/recorder/codecs',
      `must contain a codec for ${kind}, otherwise ${kind} would not be recorded; add "${missing}"`,
    );
  }
}
