import t from 'tap';
import { openTelemetry } from '../../src/telemetry/open-telemetry.ts';

const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318';

t.test('nothing is loaded where nobody asks for it', async (t) => {
  for (const environment of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' },
  ]) {
    t.equal(await openTelemetry(environment, '1.0.0'), undefined);
  }
});
