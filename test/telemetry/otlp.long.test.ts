import t from 'tap';
import { requireJudge } from '../deploy/judges.ts';
import { freePort } from '../server/free-port.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { attributeOf, OTLP_RECEIVER, startOtlpReceiver } from './otlp-receiver.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TOKEN = 'a-token-of-this-test';

t.test('a collector receives requests as spans and the log as records', async (t) => {
  if (!requireJudge(t, OTLP_RECEIVER)) return;
  const receiver = await startOtlpReceiver(t);
  const recorder = await startRecorder(t, {
    tokens: [TOKEN],
    flags: ['-v'],
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    },
  });
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    traceparent: `00-${TRACE}-${PARENT}-01`,
  };
  await fetch(`${recorder.url}/api/record/cam1?token=${TOKEN}`, { headers });
  await fetch(`${recorder.url}/nothing/at/all`);
  t.equal(await recorder.stop(), 0);

  await until('the last line has arrived', () =>
    receiver.logs.some(({ body }) => body.stringValue === 'stopped'),
  );
  await until('both spans have arrived', () => receiver.spans.length >= 2);
  const span = receiver.spans.find(({ name }) => name === 'GET /api/record/:stream')!;
  t.match(span, { traceId: TRACE, parentSpanId: PARENT, kind: 2 });
  t.equal(attributeOf(span.attributes, 'url.path'), '/api/record/cam1');
  t.equal(attributeOf(span.attributes, 'http.response.status_code'), '200');
  const missing = receiver.spans.find(({ name }) => name === 'GET')!;
  t.equal(attributeOf(missing.attributes, 'http.response.status_code'), '404');

  const answered = receiver.logs.find(({ traceId }) => traceId === TRACE)!;
  t.match(answered, { spanId: span.spanId, severityText: 'DEBUG', severityNumber: 5 });
  t.equal(answered.body.stringValue, 'request answered');
  const lines = recorder.log().filter((line) => line.startsWith('{'));
  t.equal(receiver.logs.length, lines.length, 'every line, once');
  const first = JSON.parse(lines[0]!);
  t.equal(receiver.logs[0]?.timeUnixNano, `${Date.parse(first.time)}000000`);

  for (const resource of receiver.resources) {
    t.equal(attributeOf(resource, 'service.name'), 'live777-recorder');
    t.equal(attributeOf(resource, 'deployment.environment.name'), 'test');
  }
  t.notMatch(JSON.stringify([receiver.spans, receiver.logs]), TOKEN);
});

t.test('a collector that is away costs a line of the log, and nothing else', async (t) => {
  const recorder = await startRecorder(t, {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
  });
  const about = () => recorder.log().filter((line) => line.includes('could not be sent'));
  await until('it is said', () => about().length > 0);
  for (let n = 0; n < 5; n++) t.ok((await fetch(`${recorder.url}/api/info`)).ok);
  t.equal(await recorder.stop(), 0);
  t.equal(about().length, 1);
  t.match(JSON.parse(about()[0]!), { level: 'warn', reason: String });
});

t.test('a protocol that is not spoken is told, and does not keep it from recording', async (t) => {
  const recorder = await startRecorder(t, {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    },
  });
  await until('it is told', () =>
    recorder
      .log()
      .some((line) => line.includes('OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not spoken: set http')),
  );
  t.ok((await fetch(`${recorder.url}/api/info`)).ok);
});
