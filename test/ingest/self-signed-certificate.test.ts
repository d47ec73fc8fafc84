import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { selfSignedCertificate } from '../../src/ingest/self-signed-certificate.ts';

t.test('OpenSSL reads what was created, and finds it correct', async (t) => {
  const { certificate, privateKeyPem } = await selfSignedCertificate();
  const file = join(t.testdir({}), 'certificate.pem');
  writeFileSync(file, certificate.toString());
  const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' });
  t.match(
    openssl('verify', '-check_ss_sig', '-x509_strict', '-partial_chain', '-trusted', file, file),
    /: OK/,
  );
  const text = openssl('x509', '-in', file, '-noout', '-text');
  t.match(text, /Version: 3 \(0x2\)/);
  t.match(text, /Signature Algorithm: ecdsa-with-SHA256/);
  t.match(text, /Subject: CN ?= ?WebRTC/);
  t.match(text, /ASN1 OID: prime256v1/);
  t.ok(certificate.checkPrivateKey(createPrivateKey(privateKeyPem)), 'the key is that of it');
  t.ok(certificate.validFromDate.getTime() < Date.now(), 'valid for clocks that are late');
  t.ok(certificate.validToDate.getTime() - Date.now() > 9 * 365 * 86_400_000);
});

t.test('after 2049, dates are written with four digits of the year', async (t) => {
  const { certificate } = await selfSignedCertificate(Date.UTC(2045, 0, 1));
  t.equal(certificate.validFromDate.toISOString(), '2044-12-31T00:00:00.000Z');
  t.equal(certificate.validToDate.toISOString(), '2054-12-30T00:00:00.000Z');
});

t.test('each certificate has a key and a number of its own', async (t) => {
  const certificates = await Promise.all(Array.from({ length: 20 }, () => selfSignedCertificate()));
  const numbers = certificates.map(({ certificate }) => certificate.serialNumber);
  t.equal(new Set(numbers).size, 20);
  t.ok(numbers.every((number) => /^[4-7][0-9A-F]{15}$/.test(number)));
  t.equal(new Set(certificates.map(({ certificate }) => certificate.fingerprint256)).size, 20);
});
