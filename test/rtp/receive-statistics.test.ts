import t from 'tap';
import { ReceiveStatistics } from '../../src/rtp/receive-statistics.ts';

const START = 1_700_000_000_000_000;

function setUp() {
  const statistics = new ReceiveStatistics(0xabcd);
  /** A packet every 20 ms at 48 kHz. */
  const receive = (extended: number, delayUs = 0) =>
    statistics.receive(
      extended,
      (extended * 960) >>> 0,
      START + extended * 20_000 + delayUs,
      48_000,
    );
  return { statistics, receive, report: (nowUs = START) => statistics.reportBlock(nowUs) };
}

t.test('nothing to report before the first packet', async (t) => {
  const { report } = setUp();
  t.equal(report(), undefined);
});

t.test('without loss', async (t) => {
  const { receive, report } = setUp();
  for (let n = 65_600; n < 65_700; n++) receive(n);
  t.same(report(), {
    ssrc: 0xabcd,
    fractionLost: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 65_699 & 0xffff,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  });
});

t.test('loss: the fraction is of the time since the last report, the sum of all', async (t) => {
  const { receive, report } = setUp();
  for (let n = 65_536; n < 65_536 + 100; n++) if (n % 4 !== 1) receive(n);
  t.match(report(), { fractionLost: Math.floor((25 * 256) / 100), cumulativeLost: 25 });
  for (let n = 65_636; n < 65_736; n++) receive(n);
  t.match(report(), { fractionLost: 0, cumulativeLost: 25 });
  t.match(report(), { fractionLost: 0, cumulativeLost: 25 }, 'an interval without packets');
});

t.test('duplicates make the loss negative, late packets lessen it', async (t) => {
  const { receive, report } = setUp();
  for (const n of [65_536, 65_537, 65_537, 65_537]) receive(n);
  t.match(report(), { cumulativeLost: -2, fractionLost: 0 });
  receive(65_540);
  receive(65_539);
  t.match(report(), { cumulativeLost: -1 });
});

t.test('cumulative loss stays within its 24 bits', async (t) => {
  const { receive, report } = setUp();
  receive(65_536);
  receive(65_536 + 9_000_000);
  t.match(report(), { cumulativeLost: 0x7fffff, fractionLost: 255 });
});

t.test('wraps are counted above the sequence number', async (t) => {
  const { receive, report } = setUp();
  receive(5 * 65_536 + 65_535);
  receive(6 * 65_536);
  receive(7 * 65_536 + 3);
  t.equal(report()?.extendedHighestSequence, 2 * 65_536 + 3);
});

t.test('jitter follows RFC 3550 §A.8', async (t) => {
  const { receive, statistics } = setUp();
  receive(65_536);
  receive(65_537, 5000);
  t.equal(statistics.jitter, 240 / 16);
  receive(65_538, 5000);
  t.equal(statistics.jitter, 15 - 15 / 16);
});

t.test('late and doubled packets leave jitter alone', async (t) => {
  const { receive, statistics } = setUp();
  for (let n = 65_536; n < 65_600; n++) if (n !== 65_550) receive(n);
  receive(65_550, 900_000);
  receive(65_599, 900_000);
  for (let n = 65_600; n < 65_650; n++) receive(n);
  t.equal(statistics.jitter, 0);
});

t.test('jitter survives timestamp wraps, jumps and other clock rates', async (t) => {
  const { statistics } = setUp();
  statistics.receive(1, 0xffffffff - 479, START, 48_000);
  statistics.receive(2, 480, START + 20_000, 48_000);
  t.equal(statistics.jitter, 0, 'wrap');
  statistics.receive(3, 2_000_000_000, START + 40_000, 48_000);
  t.equal(statistics.jitter, 0, 'jump');
  statistics.receive(4, 17, START + 60_000, 8000);
  statistics.receive(5, 99_999, START + 60_000, 0);
  statistics.receive(6, 2_000_002_880, START + 100_000, 48_000);
  statistics.receive(7, 2_000_003_840, START + 120_000, 48_000);
  t.equal(statistics.jitter, 0, 'other clock rate');
});

t.test('the last sender report and its age in 1/65536 s', async (t) => {
  const { receive, report, statistics } = setUp();
  receive(65_536);
  statistics.onSenderReport(0xdeadbeef, START);
  t.match(report(START + 1_500_000), {
    lastSenderReport: 0xdeadbeef,
    delaySinceLastSenderReport: 98_304,
  });
  t.equal(report(START - 5)?.delaySinceLastSenderReport, 0);
  t.equal(report(START + 1e12)?.delaySinceLastSenderReport, 0xffffffff);
});

t.test('after a jump of the sequence counting begins anew', async (t) => {
  const { receive, report, statistics } = setUp();
  receive(65_536);
  receive(65_540);
  report();
  statistics.restartSequence();
  t.equal(report(), undefined);
  receive(200_000);
  receive(200_001);
  t.match(report(), {
    cumulativeLost: 0,
    fractionLost: 0,
    extendedHighestSequence: 200_001 & 0xffff,
  });
});
