import { globSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { weakCredentials } from '../../src/config/credential-strength.ts';
import { loadConfig } from '../../src/config/load-config.ts';

const FOLDER = join(import.meta.dirname, '../../config/examples');

for (const name of globSync('*.toml', { cwd: FOLDER }).sort()) {
  t.test(`config/examples/${name} is a configuration`, async (t) => {
    const config = await loadConfig(join(FOLDER, name));
    t.strictSame(config.ignoredTables, []);
    t.strictSame(config.notices, []);
    t.strictSame(weakCredentials(config.auth), []);
    const [type] = name.split(/[-.]/);
    const { storage } = config.recorder;
    t.equal(storage.type, type === 'minio' ? 's3' : type === 'oss' || type === 's3' ? type : 'fs');
  });
}
