import { registerHooks } from 'node:module';
import t from 'tap';
import { leaveOutX509 } from '../../src/ingest/werift-x509.ts';

t.test('what a worker uses of werift works without the package for certificates', async (t) => {
  const loaded: string[] = [];
  registerHooks({
    load: (url, context, next) => {
      loaded.push(url);
      return next(url, context);
    },
  });
  leaveOutX509();
  const { createDtlsIdentity } = await import('../../src/ingest/werift-identity.ts');
  await import('../../src/ingest/whip-session.ts');
  await import('../../src/ingest/whep-session.ts');
  const { certificatePem, privateKeyPem } = await createDtlsIdentity();
  const { DtlsServer } = await import('werift');
  t.ok(loaded.some((url) => url.includes('/werift/')));
  t.strictSame(
    loaded.filter((url) => /\/(@peculiar|tsyringe|reflect-metadata)\//.test(url)),
    [],
  );
  t.type(DtlsServer, 'function');
  t.match(certificatePem, /BEGIN CERTIFICATE/);
  t.match(privateKeyPem, /BEGIN PRIVATE KEY/);
});
