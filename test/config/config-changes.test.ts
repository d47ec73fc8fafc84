import t from 'tap';
import { changesBetween, takeOver } from '../../src/config/config-changes.ts';
import { parseConfig } from '../../src/config/load-config.ts';

const SECRET = 'secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"';
const BEFORE = parseConfig('', 'live777.toml');
const AFTER = parseConfig(
  `
  [http]
  listen = "127.0.0.1:9"
  cors = true
  [log]
  level = "debug"
  [auth]
  tokens = ["one"]
  secret = "s"
  [[ice_servers]]
  urls = ["stun:a"]
  [webrtc]
  ice_udp_port = 7778
  [recorder]
  auto_streams = ["cam*"]
  disk_warnings = []
  segment_seconds = 5
  [recorder.storage]
  root = "./elsewhere"
  [recorder.retention]
  max_age = "30d"
  [[recorder.sources]]
  url = "http://node"
  [[recorder.webhooks]]
  url = "http://hook"
  ${SECRET}
  `,
  'live777.toml',
);

t.test('what changes at once, and what with the next start', async (t) => {
  t.strictSame(changesBetween(BEFORE, parseConfig('', 'live777.toml')), {
    applied: [],
    needRestart: [],
  });
  const changes = changesBetween(BEFORE, AFTER);
  t.strictSame(changes, {
    applied: [
      'auth.secret',
      'auth.tokens',
      'log.level',
      'recorder.auto_streams',
      'recorder.disk_warnings',
      'recorder.retention',
      'recorder.sources',
      'recorder.webhooks',
    ],
    needRestart: [
      'http.cors',
      'http.listen',
      'ice_servers',
      'recorder.index_path',
      'recorder.segment_seconds',
      'recorder.storage',
      'webrtc.ice_udp_port',
    ],
  });
  const live = parseConfig('', 'live777.toml');
  takeOver(live, AFTER);
  t.strictSame(changesBetween(BEFORE, live).applied, changes.applied);
  t.strictSame(changesBetween(BEFORE, live).needRestart, [], 'nothing else is taken over');
  t.strictSame(changesBetween(live, AFTER).needRestart, changes.needRestart, 'said again');
  takeOver(live, BEFORE);
  t.notOk('secret' in live.auth, 'a secret that is gone is forgotten');
});
