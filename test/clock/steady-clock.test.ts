import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { steadyNowUs } from '../../src/clock/steady-clock.ts';

t.test('a step of the system clock does not move the time of media', (t) => {
  const system = Date.now();
  const before = steadyNowUs();
  t.ok(Math.abs(before / 1000 - system) < 5_000, 'it is the time of day');
  for (const stepMs of [-3_600_000, 86_400_000]) {
    t.intercept(Date, 'now', { value: () => system + stepMs });
    const now = steadyNowUs();
    t.ok(now >= before && now - before < 60_000_000, `${now - before} µs have passed`);
  }
  t.end();
});

t.test('nothing on the way of the media reads the system clock', (t) => {
  const folders = ['media', 'rtp', 'codecs', 'recording', 'containers', 'day-folder', 'manifest'];
  for (const folder of [...folders, 'segment-index']) {
    const files = path.join(import.meta.dirname, '../../src', folder);
    for (const file of readdirSync(files, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(path.join(files, file), 'utf8');
      t.notMatch(text, /Date\.now|new Date\(\)/, `${folder}/${file}`);
    }
  }
  t.end();
});
