import t from 'tap';
import { KeyframeRequester } from '../../src/rtp/keyframe-requester.ts';

/** Runs the requester in steps of 10 ms; returns the milliseconds at which it sent. */
function setUp() {
  let nowMs = 0;
  const sent: number[] = [];
  const requester = new KeyframeRequester(() => sent.push(nowMs));
  return {
    sent,
    requester,
    request: () => requester.request(nowMs * 1000),
    runTo: (endMs: number) => {
      for (; nowMs < endMs; nowMs += 10) requester.poll(nowMs * 1000);
    },
  };
}

t.test('asks for nothing by itself', async (t) => {
  const { sent, runTo } = setUp();
  runTo(5000);
  t.same(sent, []);
});

t.test('asks at once, then ever more rarely until the keyframe is here', async (t) => {
  const { sent, requester, request, runTo } = setUp();
  request();
  runTo(8000);
  t.same(sent, [0, 200, 700, 1700, 3700, 5700, 7700]);
  requester.keyframeReceived();
  runTo(20_000);
  t.equal(sent.length, 7);
});

t.test('a keyframe that comes before the request goes out makes it needless', async (t) => {
  const { sent, requester, request, runTo } = setUp();
  request();
  requester.keyframeReceived();
  runTo(1000);
  t.same(sent, []);
});

t.test('new needs are met at once, but not more often than every 500 ms', async (t) => {
  const { sent, requester, request, runTo } = setUp();
  request();
  runTo(50);
  requester.keyframeReceived();
  request();
  runTo(510);
  t.same(sent, [0, 500]);
  requester.keyframeReceived();
  runTo(3000);
  request();
  runTo(3010);
  t.same(sent, [0, 500, 3000]);
});

t.test('a new loss while waiting brings the next request forward', async (t) => {
  const { sent, request, runTo } = setUp();
  request();
  runTo(3900);
  t.equal(sent.at(-1), 3700);
  request();
  runTo(4300);
  t.equal(sent.at(-1), 4200);
});

t.test('after reset the next stream is asked at once', async (t) => {
  const { sent, requester, request, runTo } = setUp();
  request();
  runTo(100);
  requester.reset();
  runTo(150);
  request();
  runTo(160);
  t.same(sent, [0, 150]);
});
