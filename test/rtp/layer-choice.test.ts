import t from 'tap';
import { LayerArrivals, LayerChoice, largest } from '../../src/rtp/layer-choice.ts';

const S = 1e6;

class Layer extends LayerArrivals {
  readonly pixels: number;
  constructor(pixels: number) {
    super();
    this.pixels = pixels;
  }
}

/** Layers that come while `comes` says so, and which of them is taken as time passes. */
function choose(low: Layer, high: Layer, comes: (layer: Layer, atS: number) => boolean) {
  const layers = [low, high];
  const taken: [number, number][] = [];
  let choice: LayerChoice<Layer> | undefined;
  for (let atS = 1000; atS < 1200; atS += 0.02) {
    for (const layer of layers) if (comes(layer, atS - 1000)) layer.note(atS * S);
    if (choice === undefined) {
      choice = new LayerChoice(largest(layers, atS * S)!, atS * S);
      taken.push([0, choice.kept.pixels]);
      continue;
    }
    const better = choice.better(layers, atS * S);
    if (better === undefined) continue;
    choice.take(better, atS * S);
    taken.push([Math.round((atS - 1000) * 10) / 10, better.pixels]);
  }
  return taken;
}

t.test('the largest that comes is taken, and stays', async (t) => {
  t.same(
    choose(new Layer(1), new Layer(4), () => true),
    [[0, 4]],
  );
});

t.test(
  'another follows after two seconds, and the larger one when it has come for two',
  async (t) => {
    const low = new Layer(1);
    const taken = choose(low, new Layer(4), (layer, at) => layer === low || at < 10 || at > 20);
    t.same(taken, [
      [0, 4],
      [12, 1],
      [22, 4],
    ]);
  },
);

t.test('one that comes late is taken when it has come for two seconds', async (t) => {
  const low = new Layer(1);
  t.same(
    choose(low, new Layer(4), (layer, at) => layer === low || at > 1),
    [
      [0, 1],
      [3, 4],
    ],
  );
});

t.test('one that comes and goes is waited for longer each time', async (t) => {
  const low = new Layer(1);
  const taken = choose(low, new Layer(4), (layer, at) => layer === low || at % 12 < 6);
  const larger = taken.filter(([, pixels]) => pixels === 4);
  t.ok(larger.length <= 4, `taken ${larger.length} times of 17`);
  for (let i = 1; i < taken.length; i++) {
    t.ok(taken[i]![0] - taken[i - 1]![0] >= 1, `Period of ${taken[i]![0] - taken[i - 1]![0]} s`);
  }
});

t.test('a pause of all of them changes nothing', async (t) => {
  t.same(
    choose(new Layer(1), new Layer(4), (_, at) => at < 10 || at > 15),
    [[0, 4]],
  );
});

t.test('one whose size is not known comes after all others', async (t) => {
  const unknown = new Layer(0);
  t.same(
    choose(unknown, new Layer(1), () => true),
    [[0, 1]],
  );
});
