import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { type FuzzTarget, must } from '../target.ts';

/** A live777.toml: whatever it holds, it is taken or refused in words that name file and line. */
export const target: FuzzTarget = {
  covers: ['src/config'],
  maxBytes: 65_536,
  lines: true,
  dictionary: [
    ...['[http]\n', '[recorder]\n', '[[recorder.sources]]\n', '[recorder.storage]\n', '[webrtc]\n'],
    ...[
      '[auth]\n',
      '[[ice_servers]]\n',
      'listen = "127.0.0.1:1"\n',
      'type = "s3"\n',
      'root = ""\n',
    ],
    ...[
      'url = "http://a"\n',
      'whep = "http://a/whep"\n',
      'stream = "cam"\n',
      'shard = { index = 0, count = 2 }\n',
    ],
    ...[
      '"""',
      "'''",
      '{',
      '}',
      '[',
      ']',
      '[[',
      ' = ',
      '.',
      ',',
      '#',
      '1979-05-27T07:32:00Z',
      'true',
    ],
    ...['inf', 'nan', '0x1F', '1_000', '\\u0000', 'a.b.c = 1\n', '"quoted" = 1\n', '[hooks]\n'],
    ...[
      'ice_port_range = [1, 2]\n',
      'index_path = "x.json"\n',
      'segment_seconds = 10\n',
      'workers = 1\n',
    ],
  ],
  seeds: () => [
    Buffer.from(
      [
        '[http]\nlisten = "[::1]:80"\ncors = true\n[log]\nlevel = "off"\n[auth]\nsecret = "s"\ntokens = ["a"]',
        '[[ice_servers]]\nurls = ["stun:a"]\nusername = "u"\ncredential = "c"\n[webrtc]\nice_udp_addrs = ["auto"]',
        'ice_port_range = [5, 6]\n[recorder]\nauto_streams = ["*"]\nnode_alias = "n"\nmax_recording_seconds = 0',
        'index_path = "x"\nworkers = 2\nsegment_seconds = 5\nshard = { index = 0, count = 2 }',
        '[recorder.storage]\ntype = "s3"\nbucket = "b"\nroot = "/r/"\nregion = "r"\nendpoint = "http://e"',
        'access_key_id = "a"\nsecret_access_key = "s"\ndisable_config_load = true\n',
      ].join('\n'),
    ),
    Buffer.from(
      '[recorder.storage]\ntype = "oss"\nbucket = "b"\nregion = "oss-r"\naccess_key_id = "a"\n',
    ),
    readFileSync(join(import.meta.dirname, '../../config/live777.toml')),
    Buffer.from(
      '[recorder]\nauto_streams = ["*"]\nindex_path = "a.json"\n[recorder.storage]\ntype = "oss"\n',
    ),
    Buffer.from(
      '[[recorder.sources]]\nurl = "http://a"\n[[recorder.sources]]\nwhep = "http://b/c"\nstream = "d"\n',
    ),
    Buffer.from(
      '[webrtc]\nice_udp_addrs = ["auto", "[::1]:5"]\nice_port_range = [5, 4]\n[http]\nlisten = "[::1]:80"\n',
    ),
  ],
  run(input) {
    const text = input.toString();
    try {
      const config = parseConfig(text, 'live777.toml');
      must(config.recorder.segmentSeconds >= 1, 'what is taken has its defaults');
      must(config.http.port >= 0 && config.http.port <= 65_535, 'a port is one');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      must(error.problems.length > 0, 'a refusal has a reason');
      const lines = text.split('\n').length;
      for (const { line, message } of error.problems) {
        must(line === undefined || (line >= 1 && line <= lines), 'a line is one of the file');
        must(message.length > 0, 'a problem is told');
      }
    }
  },
};
