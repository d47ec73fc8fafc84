import t from 'tap';
import type { AudioCodec, Codec } from '../../src/codecs/codec.ts';
import {
  CODECS,
  codecNamed,
  codecOfString,
  createDepacketizer,
  likelyCodec,
} from '../../src/codecs/registry.ts';
import { containerNamed } from '../../src/containers/registry.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import { TICKS_PER_SECOND } from '../../src/media/media-time.ts';

/** As it is asked for. */
const formatOf = ({ name: codec, description: { clockRate, wanted } }: Codec) => ({
  ...{ payloadType: 96, codec, clockRate },
  parameters: { ...wanted[0]! },
});

const audioConfigurationOf = (codec: AudioCodec) =>
  codec.createReader([formatOf(codec)]).configuration;

/** What a codec writes when nothing was received: black pictures or silence. */
const configurationOf = (codec: Codec) =>
  codec.kind === 'video' ? codec.blank(undefined).configuration : audioConfigurationOf(codec);

for (const codec of CODECS) {
  t.test(`${codec.name} is what all others take a codec for`, async (t) => {
    const { description, name } = codec;
    t.match(name, /^[a-z][a-z0-9]*$/, 'a name as [recorder] codecs has it');
    t.equal(codecNamed(name), codec);
    t.ok(Number.isSafeInteger(TICKS_PER_SECOND / description.clockRate), 'its ticks divide ours');
    t.ok(description.wanted.length > 0);
    for (const parameters of description.wanted) {
      t.ok(description.rank({ ...parameters }) > 0, 'what is asked for can be taken');
    }
    t.equal(createDepacketizer(formatOf(codec), () => {}).malformed, 0);
    const configuration = configurationOf(codec);
    t.equal(configuration.codec, name);
    t.equal(configuration.kind, codec.kind);
    t.equal(configuration.timescale, description.clockRate);
    const ofFile = codecOfString(configuration.codecString)!;
    t.ok(ofFile.isNamedBy(configuration.codecString));
    // Two codecs that are the same in files need not be told apart by the string.
    const isSame =
      ofFile.kind === 'audio' && configuration.equals(configurationOf(ofFile) as never);
    t.ok(ofFile === codec || isSame || !codec.isNamedBy(configuration.codecString));
  });

  t.test(`${codec.name} is read back from each of its containers`, async (t) => {
    const configuration = configurationOf(codec);
    t.ok(configuration.containers.length > 0);
    for (const name of configuration.containers) {
      const container = containerNamed(name);
      const data = container.initialization(trackFormat(container, configuration));
      const read = container.readConfiguration(data);
      t.ok(read && configuration.equals(read as never), 'the same');
      t.equal(read?.codecString, configuration.codecString);
    }
  });

  t.test(`${codec.name} finds nothing wrong in what it writes itself`, async (t) => {
    const parts =
      codec.kind === 'video'
        ? codec.blank(undefined).parts(0)
        : audioConfigurationOf(codec).silence.parts(TICKS_PER_SECOND / 50);
    const { isLengthPrefixed } = configurationOf(codec);
    const sample = Buffer.concat(
      parts.flatMap((part) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(part.length);
        return isLengthPrefixed ? [length, part] : [part];
      }),
    );
    t.equal(codec.sampleProblem(sample, true), undefined);
    t.type(codec.sampleProblem(sample.subarray(0, 0), true), 'string');
  });
}

t.test('there is a codec of each kind, and no name twice', async (t) => {
  t.equal(likelyCodec('video').kind, 'video');
  t.equal(likelyCodec('audio').name, 'opus');
  t.equal(codecOfString('opus')?.name, 'opus');
  t.equal(new Set(CODECS.map(({ name }) => name)).size, CODECS.length);
  t.equal(codecOfString('mp4a.40.2'), undefined);
  t.equal(codecNamed('rtx'), undefined);
});
